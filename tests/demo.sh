#!/usr/bin/env bash
# The main job in one command, on a fresh Debian 12 or 13: installs what is missing, builds, starts a service
# with the classic asyncio mistakes in it, and inspects it while it runs.
# Arguments go to asyncinspect: demo.sh orphans
set -eu

cd "$(dirname "$0")/.."
tests/packages.sh build demo
make -s -j"$(nproc)"

# Debian's own Python: the one that the debug information which was installed belongs to.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# The service says when it is ready; it never outlives this script.
exec 3< <(exec "$python" tests/demo/service.py --hold 600)
service=$!
trap 'kill "$service" 2>/dev/null || true' EXIT
if ! read -r -t 60 -u 3 word pid || [ "$word" != READY ]; then
	echo "demo.sh: the service does not start" >&2
	exit 1
fi

# Yama lets nobody but root look into a process that is not a child.
inspect=(./asyncinspect)
yama=/proc/sys/kernel/yama/ptrace_scope
if [ "$(id -u)" != 0 ] && [ -r "$yama" ] && [ "$(cat "$yama")" != 0 ]; then
	inspect=(sudo ./asyncinspect)
fi

echo "\$ asyncinspect --pid $pid $*"
echo
"${inspect[@]}" --pid "$pid" "$@"
