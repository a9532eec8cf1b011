#!/usr/bin/env bash
# Gets GDBs that this Debian does not have from the suites of Debian's archive, with the libraries that they need, each
# into a folder of its own. They run on the files of this system, by their own loader. The system stays as it is.
#
#   fetch.sh [--refresh] [NAME...]    NAME: gdb-10 gdb-13-minimal gdb-sid gdbserver; all of them when none is named
#   fetch.sh --list                   what there is, with the versions
#
# The folders stay and are not fetched again; --refresh builds them anew from what the archive has today.
# tests/gdb/run.py --gdb gdb-sid then tests with one of them.
#
# Environment, exit status: as tests/interpreters/fetch.sh, but for root, which is not needed.
set -euo pipefail

# shellcheck source=tests/interpreters/apt.sh
. "$(dirname "$0")/../interpreters/apt.sh"

# name, suite, package. The oldest that the commands are for, one without Python, the newest.
versions=(
	"gdb-10 bullseye gdb"
	"gdb-13-minimal bookworm gdb-minimal"
	"gdb-sid sid gdb"
	"gdbserver bookworm gdbserver"
)
folder=$cache/gdb

usage() {
	sed -n '2,/^set /{s/^# \{0,1\}//p;}' "$0" >&2
	exit 2
}

entry() { # NAME: its line in versions
	local line
	for line in "${versions[@]}"; do
		if [ "${line%% *}" = "$1" ]; then
			echo "$line"
			return
		fi
	done
	return 1
}

# Its own loader with its own libraries; its Python, if it has one, finds its modules.
write_starter() { # ROOT PROGRAM FINAL_ROOT
	local root=$1 program=$2 final=$3 data='' python=''
	[ "$program" != gdb ] || data="--data-directory='$final/usr/share/gdb'"
	[ -z "$(find "$root/usr/lib" -maxdepth 1 -name 'python3*')" ] || python="PYTHONHOME='$final/usr' "
	cat >"$root/start" <<-EOF
		#!/bin/sh
		${python}exec '$final/loader' --library-path '$final/lib/x86_64-linux-gnu:$final/usr/lib/x86_64-linux-gnu' \\
			'$final/usr/bin/$program' $data "\$@"
	EOF
	chmod 755 "$root/start"
}

build() { # NAME SUITE PACKAGE
	local name=$1 suite=$2 package=$3 program=${3%-minimal} loader version
	local archives=$cache/apt/$name new=$folder/$name.new final=$folder/$name deb debs=()

	update "$suite" || return 1
	say "$name: downloading $package and what it needs from $suite"
	download "$suite" "$archives" "$package" || return 1
	for deb in "$archives"/*.deb; do
		case ${deb##*/} in
		perl-base_* | dpkg_* | tar_* | tzdata_* | debconf_* | ucf_*) ;;
		*) debs+=("$deb") ;;
		esac
	done
	rm -rf "$new"
	mkdir -p "$new"
	unpack "$new" "${debs[@]}" || return 1
	# Where it is has changed over the years; some of the places are links.
	loader=$(find "$new" -name 'ld-linux-x86-64.so.2' -type f -o -name 'ld-[0-9]*.so' -type f | head -n 1)
	[ -n "$loader" ] || return 1
	ln -s "${loader#"$new"/}" "$new/loader"
	write_starter "$new" "$program" "$final"
	rm -rf "$final"
	mv "$new" "$final" || return 1
	version=$("$final/start" --version </dev/null | sed -n '1s/.* //p')
	[ -n "$version" ] || return 1
	echo "$package $version, $suite" >"$final/version"
	rm -rf "$archives"
	say "$name: $package $version is in $final"
}

refresh=no
names=()
for argument in "$@"; do
	case $argument in
	--refresh) refresh=yes ;;
	--list)
		for file in "$folder"/*/version; do
			[ ! -e "$file" ] || echo "$(basename "$(dirname "$file")") $(cat "$file")"
		done
		exit 0
		;;
	-*) usage ;;
	*)
		if ! entry "$argument" >/dev/null; then
			say "$argument is none of: $(printf '%s ' "${versions[@]%% *}")"
			exit 2
		fi
		names+=("$argument")
		;;
	esac
done
[ "${#names[@]}" != 0 ] || names=("${versions[@]%% *}")

[ "$(uname -m)" = x86_64 ] || cannot "these GDBs are for x86_64, this machine is $(uname -m)"
for program in apt-get dpkg-deb flock; do
	command -v "$program" >/dev/null || cannot "$program is not there: this works on Debian and its descendants"
done
check_apt

umask 022
mkdir -p "$folder"
exec 9>"$cache/lock"
flock -n 9 || say "waiting for another run" && flock 9

missing=()
for name in "${names[@]}"; do
	read -r name suite package <<<"$(entry "$name")"
	if [ "$refresh" = no ] && [ -e "$folder/$name/version" ]; then
		say "$name: $(cat "$folder/$name/version") is there"
	elif ! build "$name" "$suite" "$package"; then
		say "$name: failed"
		rm -rf "${folder:?}/$name.new" "${folder:?}/$name"
		missing+=("$name")
	fi
done
[ "${#missing[@]}" = 0 ] || {
	say "missing: ${missing[*]}"
	exit 1
}
