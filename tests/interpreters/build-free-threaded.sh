#!/usr/bin/env bash
# Builds free-threaded CPythons, which Debian has not, from the upstream sources in Debian's source packages
# (without Debian's patches), each into a folder of its own. Some minutes each on two cores. The system's apt and
# dpkg are not touched.
#
#   build-free-threaded.sh [--refresh] [--debug] [NAME[=TARBALL]...]    NAME: 3.13 3.14; both when none is named
#   build-free-threaded.sh --list                                       what there is, with the versions
#
# With a TARBALL of CPython's sources nothing is fetched: for what the archive has no longer, or not yet. What was
# built stays and is not built again; --refresh builds it anew. For each the tests get an interpreter,
# `tests/truth/run.py --python free-threaded-3.13` runs it; free-threaded-3.13-stripped is without debug information.
# --debug builds pydebug: free-threaded-3.13d.
#
# Needed besides apt: a C compiler, make, and the headers that CPython's modules are built with; at least those of
# libssl-dev, zlib1g-dev and libffi-dev.
#
# Environment: ASYNCINSPECT_ROOTS, ASYNCINSPECT_MIRROR, ASYNCINSPECT_KEYRING as for fetch.sh.
#
# Exit status: 0 all are there, 1 one could not be had, 2 wrong usage, 77 this machine cannot have them.
set -euo pipefail

# shellcheck source=tests/interpreters/apt.sh
. "$(dirname "$0")/apt.sh"
apt_type=deb-src
apt_folder=source

# name, source package, suites in order of preference
versions=(
	"3.13 python3.13 sid trixie"
	"3.14 python3.14 sid"
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

# Leaves the tarball's path in tarball and where it is from in origin.
fetch_source() { # FOLDER PACKAGE SUITE...
	local folder=$1 package=$2 suite
	shift 2
	check_apt
	for suite in "$@"; do
		update "$suite" || continue
		rm -rf "$folder" && mkdir -p "$folder" || return 1
		say "$package: downloading its source from $suite"
		# apt checks what it downloads against the signed lists.
		if (cd "$folder" && private_apt "$suite" --download-only source "$package/$suite"); then
			tarball=$(ls "$folder"/*.orig.tar.*z)
			origin="Debian's source $(basename "$tarball"), $suite"
			return
		fi
		say "$package: $suite has no source to download"
	done
	return 1
}

compile() { # FOLDER PREFIX DESTDIR
	local options=(--disable-gil --disable-test-modules --without-ensurepip --prefix="$2")
	if [ "$debug" = yes ]; then
		options+=(--with-pydebug)
	fi
	(
		cd "$1" || exit 1
		unset PYTHONHOME PYTHONPATH CFLAGS LDFLAGS
		# No optimization at link time, and debug information in the file itself.
		nice ./configure -q "${options[@]}" OPT='-DNDEBUG -g -fwrapv -O2 -Wall' &&
			nice make -s -j"$(nproc)" &&
			nice make -s altinstall DESTDIR="$3"
	) >"$1.log" 2>&1 && return
	tail -n 20 "$1.log" | sed 's/^/    /' >&2
	return 1
}

# The same files without debug information: a build finds its modules from where it lies.
strip_copy() { # PREFIX PYTHON NAME
	rm -rf "$1-stripped"
	cp -a "$1" "$1-stripped" || return 1
	find "$1-stripped" -name '*.so' -exec strip {} + || return 1
	strip "$1-stripped/$2" || return 1
	sed "s|^$3 / $1/|$3-stripped / $1-stripped/|; s|\$|, stripped|" "$1/interpreter" >"$1-stripped/interpreter"
}

build() { # NAME TARBALL PACKAGE SUITE...
	local name=$1 tarball=$2 origin="${2##*/}"
	local work=$cache/free-threaded-$name$letter.new prefix=$cache/free-threaded-$name$letter python
	shift 2
	rm -rf "$work" && mkdir -p "$work/source" || return 1
	[ -n "$tarball" ] || fetch_source "$cache/apt/$name.source" "$@" || return 1
	tar -x --strip-components=1 -C "$work/source" -f "$tarball" || return 1
	say "$name: building from $origin"
	compile "$work/source" "$prefix" "$work/root" || return 1
	python=bin/python${name}t$letter

	# It counts from here on: the program finds its modules only where it was built for.
	rm -rf "$prefix"
	mv "$work/root$prefix" "$prefix" || return 1
	if ! env -i "$prefix/$python" -c \
		'import argparse, asyncio, ctypes, json, ssl, unittest.mock; asyncio.run(asyncio.sleep(0))'; then
		say "$name: it lacks modules; install the headers that they need"
		rm -rf "$prefix"
		return 1
	fi
	echo "free-threaded-$name$letter / $prefix/$python" \
		"# $("$prefix/$python" -c 'import platform; print(platform.python_version())')," \
		"--disable-gil${letter:+ --with-pydebug}, from $origin" >"$prefix/interpreter" || return 1
	strip_copy "$prefix" "$python" "free-threaded-$name$letter" || return 1
	rm -rf "$work" "$cache/apt/$name.source"
	say "$name: $prefix/$python is there"
}

# What tests/harness/interpreters.py reads.
write_list() {
	echo "# Written by build-free-threaded.sh: NAME ROOT PYTHON" >"$cache/free-threaded.list.new"
	find "$cache" -mindepth 2 -maxdepth 2 -path '*/free-threaded-*/interpreter' -exec cat {} + | sort \
		>>"$cache/free-threaded.list.new"
	mv "$cache/free-threaded.list.new" "$cache/free-threaded.list"
}

# --- main ---------------------------------------------------------------------------------------------------------

refresh=no
debug=no
letter=
names=()
for argument in "$@"; do
	case $argument in
	--refresh) refresh=yes ;;
	--debug)
		debug=yes
		letter=d
		;;
	--list)
		[ ! -e "$cache/free-threaded.list" ] || grep -v '^#' "$cache/free-threaded.list" || true
		exit 0
		;;
	-*) usage ;;
	*)
		if ! entry "${argument%%=*}" >/dev/null; then
			say "${argument%%=*} is none of: $(printf '%s ' "${versions[@]%% *}")"
			exit 2
		fi
		names+=("$argument")
		;;
	esac
done
[ "${#names[@]}" != 0 ] || names=("${versions[@]%% *}")

for program in cc make tar xz flock; do
	command -v "$program" >/dev/null || cannot "$program is not there"
done

umask 022
mkdir -p "$cache"
exec 9>"$cache/lock.free-threaded"
flock -n 9 || say "waiting for another run" && flock 9

missing=()
for argument in "${names[@]}"; do
	read -r name package suites <<<"$(entry "${argument%%=*}")"
	tarball=
	[ "$argument" = "$name" ] || tarball=${argument#*=}
	if [ "$refresh" = no ] && [ -e "$cache/free-threaded-$name$letter/interpreter" ]; then
		say "$name: $(sed 's/.*# //' "$cache/free-threaded-$name$letter/interpreter") is there"
		continue
	fi
	# shellcheck disable=SC2086 # several suites
	if ! build "$name" "$tarball" "$package" $suites; then
		say "$name: failed"
		missing+=("$name")
	fi
done
write_list
[ "${#missing[@]}" = 0 ] || {
	say "missing: ${missing[*]}"
	exit 1
}
