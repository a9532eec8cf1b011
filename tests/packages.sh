#!/usr/bin/env bash
# packages.sh PURPOSE...: installs the packages of packages.txt that are missing.
# Touches nothing, the network neither, when all are there.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Debian's own Python, whichever python3 comes first in PATH.
debian_python() {
	apt-cache depends python3 | sed -n 's/^ *Depends: \(python3\.[0-9]*\)$/\1/p' | head -n 1
}

wanted() {
	local purpose name python
	python=$(debian_python)
	while read -r purpose name; do
		case " $* " in
		*" $purpose "*) echo "${name/#PYTHON/${python:-python3}}" ;;
		esac
	done < <(grep -v '^#' "$here/packages.txt")
}

missing() {
	local name
	for name in $(wanted "$@"); do
		is_installed "$name" || echo "$name"
	done
}

if ! command -v dpkg-query >/dev/null; then
	echo "packages.sh: this is not Debian; install by hand what $here/packages.txt names" >&2
	exit 0
fi
[ -n "$(missing "$@")" ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "packages.sh: needs root to install: $(missing "$@" | tr '\n' ' ')" >&2
		exit 1
	fi
	as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
# Only now the lists tell which Python is Debian's own.
packages=()
for name in $(missing "$@"); do
	if grep -q "^apps  *$name\$" "$here/packages.txt" && ! apt-cache show "$name" >/dev/null 2>&1; then
		echo "packages.sh: this Debian has no $name" >&2
	else
		packages+=("$name")
	fi
done
[ "${#packages[@]}" -gt 0 ] || exit 0
echo "installing ${packages[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
