#!/bin/sh
# The example policy on a lab: lab.sh figures|add|remove. LAB is the lab's name, INGOT the program.
set -eu
LAB=${LAB:-lab} INGOT=${INGOT:-build/bin/ingot}
lab() {
	verb=$1
	shift
	"$INGOT" lab "$verb" --name "$LAB" "$@"
}
nodes() { lab status | awk -v role="$1" '$2 == role && $4 == "running" { print $1, $3 }'; }
case ${1:-} in
figures)
	for role in proxy db; do
		nodes "$role" | while read -r name address; do
			lab exec "$name" -- curl -sk -m 5 "https://$address:9180/metrics" </dev/null || true
			[ "$role" = db ] || lab exec "$name" -- curl -sk -m 5 "https://$address:8404/metrics" </dev/null || true
		done
	done
	;;
add) lab add db ;;
remove)
	# The youngest replica that nobody waits for.
	name=$(lab status | awk '$2 == "db" && / replica,/ && !/synchronous/ { name = $1 } END { print name }')
	[ -n "$name" ]
	lab exec "$name" -- ingot-agent retire </dev/null || echo "retire is not possible; $name goes without goodbye" >&2
	lab remove "$name"
	echo "$name"
	;;
*)
	echo "usage: lab.sh figures|add|remove" >&2
	exit 2
	;;
esac
