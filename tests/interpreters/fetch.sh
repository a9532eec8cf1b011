#!/usr/bin/env bash
# Gets the CPython versions that this Debian does not have from the other suites of Debian's archive, each into a root
# of its own that programs run in by chroot. The system's apt and dpkg are not touched.
#
#   fetch.sh [--refresh] [NAME...]    NAME: 3.9 3.13 3.13-sid 3.14 3.15; all of them when none is named
#   fetch.sh --list                   what there is, with the versions
#
# The roots stay and are not fetched again; --refresh builds them anew from what the archive has today. For each
# version the tests get three interpreters, `tests/truth/run.py --python debian-3.14` runs one:
#
#   debian-3.14             with its separate debug files
#   debian-3.14-stripped    the same files, but no debug file anywhere
#   debian-3.14d            pydebug
#
# Environment:
#   ASYNCINSPECT_ROOTS    where the roots lie; ${XDG_CACHE_HOME:-~/.cache}/asyncinspect-tests without it
#   ASYNCINSPECT_MIRROR   Debian's archive, http://HOST/debian; the one that the system's apt uses without it
#   ASYNCINSPECT_KEYRING  the keys that sign it
#
# Exit status: 0 all are there, 1 one could not be had, 2 wrong usage, 77 this machine cannot have them.
set -euo pipefail

# shellcheck source=tests/interpreters/apt.sh
. "$(dirname "$0")/apt.sh"

# name, suite, package
versions=(
	"3.9 bullseye python3.9"
	"3.13 trixie python3.13"
	"3.13-sid sid python3.13"
	"3.14 sid python3.14"
	"3.15 sid python3.15"
)

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

# --- roots --------------------------------------------------------------------------------------------------------

make_base() { # ROOT
	local name
	mkdir -p "$1/tmp" && chmod 1777 "$1/tmp" || return 1
	for name in bin sbin lib lib64; do
		mkdir -p "$1/usr/$name" && ln -s "usr/$name" "$1/$name" || return 1
	done
}

# Proves that the root is whole, and leaves compiled what nearly every workload imports.
try_python() { # ROOT PROGRAM
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" "$2" -c \
		'import argparse, asyncio, json, ssl, unittest.mock; asyncio.run(asyncio.sleep(0))'
}

build() { # NAME SUITE PACKAGE
	local name=$1 suite=$2 package=$3
	local archives=$cache/apt/$name new=$cache/$name.new old=$cache/$name.old
	local bare=() debug=() deb

	update "$suite" || return 1
	say "$name: downloading $package and what it needs from $suite"
	# dash: the tests start a workload by the root's own shell.
	download "$suite" "$archives" "$package" "$package-dbg" dash || return 1
	for deb in "$archives"/*.deb; do
		case ${deb##*/} in
		*-dbg_*) debug+=("$deb") ;;
		*) bare+=("$deb") ;;
		esac
	done

	say "$name: unpacking $((${#bare[@]} + ${#debug[@]})) packages, $(du -sh "$archives" | cut -f1)"
	rm -rf "$new"
	mkdir -p "$new/stripped" || return 1
	make_base "$new/stripped" || return 1
	unpack "$new/stripped" "${bare[@]}" || return 1
	# The packages' own scripts would have made it.
	[ -e "$new/stripped/bin/sh" ] || ln -s dash "$new/stripped/bin/sh"
	try_python "$new/stripped" "/usr/bin/$package" || return 1
	cp -al "$new/stripped" "$new/full" || return 1
	unpack "$new/full" "${debug[@]}" || return 1
	try_python "$new/full" "/usr/bin/${package}d" || return 1
	for deb in "${bare[@]}" "${debug[@]}"; do
		# shellcheck disable=SC2016 # dpkg-deb's own variables
		dpkg-deb -W --showformat '${Package} ${Version}\n' "$deb"
	done >"$new/packages" || return 1

	# It counts from here on.
	rm -rf "$old"
	[ ! -e "$cache/$name" ] || mv "$cache/$name" "$old"
	mv "$new" "$cache/$name" || return 1
	rm -rf "$old" "$archives"
	say "$name: $package $(version_of "$name" "$package") is in $cache/$name"
}

version_of() { # NAME PACKAGE
	sed -n "s/^$2 //p" "$cache/$1/packages"
}

# What tests/harness/interpreters.py reads.
write_list() {
	local line name suite package kind is
	{
		echo "# Written by fetch.sh: NAME ROOT PYTHON"
		for line in "${versions[@]}"; do
			read -r name suite package <<<"$line"
			[ -e "$cache/$name" ] || continue
			is="$package $(version_of "$name" "$package"), $suite"
			kind=${name#"${package#python}"}	# -sid
			echo "debian-$name $cache/$name/full /usr/bin/$package # $is"
			echo "debian-$name-stripped $cache/$name/stripped /usr/bin/$package # $is, no debug files"
			echo "debian-${package#python}d$kind $cache/$name/full /usr/bin/${package}d # $is, pydebug"
		done
	} >"$cache/interpreters.list.new"
	mv "$cache/interpreters.list.new" "$cache/interpreters.list"
}

# --- main ---------------------------------------------------------------------------------------------------------

refresh=no
names=()
for argument in "$@"; do
	case $argument in
	--refresh) refresh=yes ;;
	--list)
		[ ! -e "$cache/interpreters.list" ] || grep -v '^#' "$cache/interpreters.list"
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

[ "$(id -u)" = 0 ] || cannot "not root: chroot needs it"
[ "$(uname -m)" = x86_64 ] || cannot "these interpreters are for x86_64, this machine is $(uname -m)"
for program in apt-get dpkg-deb flock; do
	command -v "$program" >/dev/null || cannot "$program is not there: this works on Debian and its descendants"
done
check_apt

umask 022
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || say "waiting for another run" && flock 9

missing=()
for name in "${names[@]}"; do
	read -r name suite package <<<"$(entry "$name")"
	if [ "$refresh" = no ] && [ -e "$cache/$name" ]; then
		say "$name: $package $(version_of "$name" "$package") is there"
	elif ! build "$name" "$suite" "$package"; then
		say "$name: failed"
		rm -rf "$cache/$name.new"
		missing+=("$name")
	fi
done
write_list
[ "${#missing[@]}" = 0 ] || {
	say "missing: ${missing[*]}"
	exit 1
}
