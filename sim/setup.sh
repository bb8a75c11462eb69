# Sourced by sim/demo.sh and tests/check.sh: installs what is missing and builds. Expects `root` (the source tree).
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # the lists are used, and root is set, by whoever sources this

build_packages=(
	build-essential cmake ninja-build pkg-config libuv1-dev libssl-dev libsystemd-dev libprotobuf-c-dev
	protobuf-c-compiler libsocketcan-dev libsqlite3-dev libcyaml-dev libyaml-dev libcmocka-dev
)
demo_packages=(tzdata dbus openssl binutils firmware-microbit-micropython iproute2 can-utils python3)
test_packages=(
	clang clang-format clang-tidy libclang-rt-14-dev shellcheck python3-scapy arduino-core-avr tshark groff-base
	bash-completion
)
vm_packages=(qemu-system-x86 linux-image-amd64 busybox-static cpio kmod xz-utils e2fsprogs dmsetup polkitd lintian)
cross_packages=( # cmake/aarch64.cmake; never protobuf-c-compiler:arm64, which takes the machine's own away
	gcc-aarch64-linux-gnu qemu-user libuv1-dev:arm64 libssl-dev:arm64 libsystemd-dev:arm64 libprotobuf-c-dev:arm64
	libsocketcan-dev:arm64 libsqlite3-dev:arm64 libcyaml-dev:arm64 libyaml-dev:arm64 libcmocka-dev:arm64
)

# as_root COMMAND…
as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "Root is needed to install packages, and sudo is not here." >&2
		return 1
	fi
}

# ensure_architecture ASSUME_YES ARCHITECTURE - that dpkg knows it beside the machine's own, asking first
ensure_architecture() {
	local answer
	dpkg --print-foreign-architectures | grep -qx "$2" && return 0
	echo "Packages of $2 are needed beside the machine's own: 'dpkg --add-architecture $2' lets apt install them, and" \
		"brings libraries that both have to the same version."
	if [[ $1 != yes ]]; then
		if [[ ! -t 0 ]]; then
			echo "Do it, or run this again with --yes." >&2
			return 1
		fi
		read -r -p "Do it? [Y/n] " answer
		[[ ${answer:-y} == [yY]* ]] || return 1
	fi
	as_root dpkg --add-architecture "$2"
}

# ensure_packages ASSUME_YES PACKAGE… - install the Debian packages that are missing, asking first
ensure_packages() {
	local assume_yes=$1 installed package answer
	local -a missing=()
	shift
	installed=$(dpkg-query -W -f='|${Package}|${db:Status-Status}|\n|${Package}:${Architecture}|${db:Status-Status}|\n' "$@" 2>/dev/null)
	for package in "$@"; do
		[[ $installed == *"|$package|installed|"* ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	echo "These Debian packages are missing: ${missing[*]}"
	if [[ $assume_yes != yes ]]; then
		if [[ ! -t 0 ]]; then
			echo "Install them (apt-get install ${missing[*]}), or run this again with --yes." >&2
			return 1
		fi
		read -r -p "Install them with apt-get? [Y/n] " answer
		[[ ${answer:-y} == [yY]* ]] || return 1
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
			>/dev/null
}

# build_preset PRESET - configure and build; prints only progress in a line and, on failure, the compiler's words
build_preset() {
	local preset=$1 log=$root/build/$1.log started=$SECONDS
	mkdir -p "$root/build"
	echo "building $preset …"
	if ! (cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset") >"$log" 2>&1; then
		echo "building $preset failed; the end of $log:" >&2
		grep -E 'error|FAILED|undefined' "$log" | head -20 >&2
		tail -15 "$log" >&2
		return 1
	fi
	echo "built $preset in $((SECONDS - started)) s"
}
