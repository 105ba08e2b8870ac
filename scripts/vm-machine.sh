# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # these are scripts/vm's
#
# What the virtual machine is: QEMU's name for it, its console, and who executes
# its instructions, KVM or QEMU itself.  To be sourced by scripts/vm.

# machine ARCH: sets MACHINE and CONSOLE.
machine() {
	ARCH=$1
	case $ARCH in
	x86_64) MACHINE=(qemu-system-x86_64) CONSOLE=ttyS0 ;;
	aarch64)
		MACHINE=(qemu-system-aarch64 -M virt -cpu "max,pauth-impdef=on")
		CONSOLE=ttyAMA0
		;;
	*) die "there is no virtual machine for $ARCH in ${BASH_SOURCE[0]##*/}" ;;
	esac
}

# A /dev/kvm may be there and its guests hang all the same, so a guest has to
# show a sign of life from user space.  An emulated one needs five seconds for
# that: KVM that takes longer is of no use.  The answer holds until the host is
# booted again.
kvm_works() {
	local answer=$CACHE/kvm boot

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	boot=$(cat /proc/sys/kernel/random/boot_id)
	if ! grep -qs "^$boot " "$answer"; then
		say "trying whether KVM works here"
		echo "$boot $(kvm_probe)" > "$RUN/kvm"
		mv "$RUN/kvm" "$answer"
	fi
	grep -q " yes$" "$answer"
}

kvm_probe() {
	if "$ROOT/scripts/vm" --accel kvm --no-module --pack "$CACHE/lock" \
		--timeout 10 true > /dev/null 2>&1; then
		echo yes
	else
		echo no
	fi
}

accelerator() {
	if [ "$ICOUNT" ]; then
		echo tcg
	elif [ "$ARCH" != "$HOST_ARCH" ]; then
		echo tcg,thread=multi
	elif [ "$ACCEL" = kvm ] || { [ -z "$ACCEL" ] && kvm_works; }; then
		echo kvm
	else
		echo tcg,thread=multi
	fi
}
