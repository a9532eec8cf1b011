# shellcheck shell=bash
# Debian's archive by an apt with a configuration of its own: read by fetch.sh, build-free-threaded.sh and
# tests/gdb/fetch.sh.
# The system's apt and dpkg are not touched.

cache=${ASYNCINSPECT_ROOTS:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/asyncinspect-tests}
mirror=${ASYNCINSPECT_MIRROR:-}
keyring=${ASYNCINSPECT_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
retired=http://archive.debian.org/debian

# What is read of the archive, and where its lists lie: build-free-threaded.sh has deb-src, and source.
apt_type=deb
apt_folder=suite

say() { echo "${0##*/}: $*" >&2; }

cannot() {
	say "$*"
	exit 77
}

# Where the system's apt gets Debian itself from; reads its sources only.
system_mirror() {
	apt-get --print-uris update 2>/dev/null | sed -n "s|^'\(.*/debian\)/*/dists/.*|\1|p" | sort -u | head -n 1 || true
}

# What all of it needs; the mirror is known from here on.
check_apt() {
	[ -r "$keyring" ] || cannot "$keyring is not there: install debian-archive-keyring"
	[ -n "$mirror" ] || mirror=$(system_mirror)
	[ -n "$mirror" ] || cannot "apt's sources name no http://HOST/debian: set ASYNCINSPECT_MIRROR"
	case $cache in
	*[[:space:]]*) cannot "white space in $cache: set ASYNCINSPECT_ROOTS" ;;
	/*) ;;
	*) cannot "$cache is not an absolute path: set ASYNCINSPECT_ROOTS" ;;
	esac
}

# --- a configuration of its own ------------------------------------------------------------------------------------

private_apt() { # SUITE COMMAND...
	local suite=$1
	shift
	DEBIAN_FRONTEND=noninteractive apt-get -qq -c "$cache/apt/$apt_folder-$suite/apt.conf" "$@"
}

# The system's own settings (a proxy, say) are read before this file, so what does harm here is cleared.
configure_apt() { # SUITE
	local folder=$cache/apt/$apt_folder-$1
	mkdir -p "$folder/lists/partial"
	: >"$folder/status"
	cat >"$folder/apt.conf" <<-EOF
		#clear APT::Update;
		#clear APT::Architectures;
		#clear DPkg;
		#clear Acquire::IndexTargets::deb::Contents-deb;
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Default-Release "";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::PDiffs "false";
		Acquire::Retries "3";
		Dir::State "$folder";
		Dir::State::lists "$folder/lists";
		Dir::State::status "$folder/status";
		Dir::State::extended_states "$folder/extended_states";
		Dir::Cache "$folder";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		Dir::Etc::sourcelist "$folder/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::Log "$folder";
	EOF
}

update_from() { # SUITE ARCHIVE OPTIONS
	echo "$apt_type [arch=amd64 signed-by=$keyring $3] $2 $1 main" >"$cache/apt/$apt_folder-$1/sources.list"
	private_apt "$1" update 2>"$cache/apt/$apt_folder-$1/update.log"
}

declare -A updated=()
update() { # SUITE
	[ -z "${updated[$1]:-}" ] || return 0
	say "$1: reading the list of packages of $mirror"
	configure_apt "$1"
	if ! update_from "$1" "$mirror" ""; then
		mv "$cache/apt/$apt_folder-$1/update.log" "$cache/apt/$apt_folder-$1/update.first.log"
		# What has moved there says that it is out of date for ever.
		say "$1: not to be had there, trying $retired"
		if ! update_from "$1" "$retired" "check-valid-until=no"; then
			sed 's/^/    /' "$cache/apt/$apt_folder-$1/update.first.log" >&2
			if grep -q NO_PUBKEY "$cache/apt/$apt_folder-$1/update.first.log"; then
				say "$1: $keyring lacks a key: upgrade debian-archive-keyring"
			fi
			return 1
		fi
	fi
	updated[$1]=yes
}

# --- packages -----------------------------------------------------------------------------------------------------

# Leaves the packages and all that they need in FOLDER; what an interrupted run left there is not fetched again.
download() { # SUITE FOLDER PACKAGE...
	local suite=$1 into=(-o "Dir::Cache::archives=$2")
	mkdir -p "$2/partial"
	shift 2
	private_apt "$suite" "${into[@]}" autoclean || return 1
	# Nothing is installed in the eyes of this apt, so what the system has comes as well.
	private_apt "$suite" "${into[@]}" -y --download-only install "$@" >/dev/null
}

unpack() { # ROOT DEB...
	local root=$1 package
	shift
	for package in "$@"; do
		dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root" || return 1
	done
}
