#!/bin/sh
# The example policy on Hetzner Cloud: hcloud.sh figures|add|remove, on a machine in the private network that has the CLI
# `hcloud` (HCLOUD_TOKEN set), curl and ssh. Servers are found by the label cluster=$CLUSTER.
#
#   FIGURES='docs/autoscaling/hcloud.sh figures' ADD='docs/autoscaling/hcloud.sh add' REMOVE='docs/autoscaling/hcloud.sh remove' \
#     docs/autoscaling/autoscale
set -eu
: "${CLUSTER:?the name of the cluster}" "${IMAGE:?id of the snapshot of the db image}" "${NETWORK:?name of the private network}"
USER_DATA=${USER_DATA:-db.yaml} TYPE=${TYPE:-cpx31} LOCATION=${LOCATION:-fsn1} CA=${CA:-ca-all.crt}
servers() { # ROLE → name and private address
	hcloud server list -l "cluster=$CLUSTER,role=$1" -o noheader -o columns=name,private_net | awk '{ print $1, $2 }'
}
ask() { curl -s -m 5 --cacert "$CA" "$1" || true; }
case ${1:-} in
figures)
	servers proxy | while read -r _ address; do
		ask "https://$address:9180/metrics"
		ask "https://$address:8404/metrics"
	done
	servers db | while read -r _ address; do ask "https://$address:9180/metrics"; done
	;;
add)
	hcloud server create --name "$CLUSTER-db-$(date +%s)" --type "$TYPE" --location "$LOCATION" --image "$IMAGE" \
		--network "$NETWORK" --without-ipv4 --without-ipv6 --user-data-from-file "$USER_DATA" \
		--label "cluster=$CLUSTER" --label role=db --label autoscaled=yes
	;;
remove)
	# Only servers that were added here, the youngest first, never the leader.
	hcloud server list -l "cluster=$CLUSTER,role=db,autoscaled=yes" -s created:desc -o noheader -o columns=name,private_net |
		while read -r name address _; do
			[ "$(curl -s -m 5 --cacert "$CA" -o /dev/null -w '%{http_code}' "https://$address:8008/replica")" = 200 ] || continue
			ssh -n "root@$address" ingot-agent retire || true
			hcloud server delete "$name"
			break
		done
	;;
*)
	echo "usage: hcloud.sh figures|add|remove" >&2
	exit 2
	;;
esac
