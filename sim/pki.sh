#!/bin/sh
# Makes the keys and certificates of a test: sim/pki.sh DIR VEHICLE_ID...
#
#   ca.crt ca.key            the CA of both sides
#   server.crt server.key    of the backend, for localhost, 127.0.0.1 and ::1
#   ID.crt ID.key            of each vehicle, its id as common name
#   client.crt client.key    of the first vehicle, again
#   author.key author.pub    Ed25519, signs manifests; likewise director.* and time.*
#
# Never for a real vehicle: the keys lie there unprotected. Says nothing unless it fails.
set -eu

if [ $# -lt 2 ]; then
	echo "usage: $0 DIR VEHICLE_ID..." >&2
	exit 2
fi
dir=$1
shift
mkdir -p "$dir"
umask 077
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() {
	if ! "$@" >"$log" 2>&1; then
		echo "$0: failed: $*" >&2
		cat "$log" >&2
		exit 1
	fi
}

# certificate NAME COMMON_NAME EXTENSIONS
certificate() {
	run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$1.key"
	run openssl req -new -key "$dir/$1.key" -subj "/CN=$2" -out "$dir/$1.csr"
	printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" "$3" >"$dir/$1.ext"
	run openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
		-days 365 -extfile "$dir/$1.ext" -out "$dir/$1.crt"
	rm -f "$dir/$1.csr" "$dir/$1.ext"
}

run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/ca.key"
run openssl req -x509 -new -key "$dir/ca.key" -subj "/CN=gateway update test CA" -days 365 \
	-addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" -out "$dir/ca.crt"

certificate server "oem-backend" "$(printf '%s\n' "extendedKeyUsage=serverAuth" \
	"subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1")"
first=$1
for vehicle in "$@"; do
	certificate "$vehicle" "$vehicle" "extendedKeyUsage=clientAuth"
done
cp "$dir/$first.crt" "$dir/client.crt"
cp "$dir/$first.key" "$dir/client.key"

for role in author director time; do
	run openssl genpkey -algorithm ED25519 -out "$dir/$role.key"
	run openssl pkey -in "$dir/$role.key" -pubout -out "$dir/$role.pub"
done
