// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Waiting, the same for both sides of a lane: look again for a while, then say
 * so, look once more, and sleep.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

/* Some microseconds: about as long as it takes to sleep and be woken. */
#define IPCBOX_SPINS_MAX	1024U
/* What is left of that where it was in vain, to find out when it is not. */
#define IPCBOX_SPINS_MIN	16U

static inline void ipcbox_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
	ipcbox_ring_compiler_barrier();
}

static int ipcbox_membarrier(int command)
{
	int saved = errno;
	int result = (int)syscall(SYS_membarrier, command, 0, 0);

	errno = saved;
	return result;
}

/* Where nobody else can run meanwhile, nothing comes of looking again. */
static bool ipcbox_may_spin(void)
{
	cpu_set_t cpus;
	int saved = errno;
	int result = sched_getaffinity(0, sizeof(cpus), &cpus);

	errno = saved;
	/* more processors than there is room for */
	return result || CPU_COUNT(&cpus) > 1;
}

void ipcbox__waiter_init(struct ipcbox__waiter *waiter)
{
	waiter->spins = ipcbox_may_spin() ? IPCBOX_SPINS_MAX : 0;
	waiter->light =
		!ipcbox_membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
}

/* Each time in vain halves the patience, and each success doubles it. */
static int ipcbox_waiter_spin(struct ipcbox__waiter *waiter)
{
	int ret = waiter->look(waiter);
	unsigned int i;

	for (i = 0; ret == -EAGAIN && i < waiter->spins; i++) {
		ipcbox_relax();
		ret = waiter->look(waiter);
	}
	if (ret == -EAGAIN && waiter->spins > IPCBOX_SPINS_MIN)
		waiter->spins /= 2;
	else if (ret != -EAGAIN && i && waiter->spins < IPCBOX_SPINS_MAX)
		waiter->spins *= 2;
	return ret;
}

/* What is there now that the port is gone is all there will be. */
static int ipcbox_waiter_last_look(struct ipcbox__waiter *waiter)
{
	int ret = waiter->look(waiter);

	return ret == -EAGAIN ? -EIDRM : ret;
}

/* As look, but if it says -EAGAIN the other side will wake this one. */
int ipcbox__waiter_arm(struct ipcbox__waiter *waiter)
{
	int ret = waiter->arm(waiter);

	if (ret == -EIDRM)
		ret = ipcbox_waiter_last_look(waiter);
	else if (!ret && waiter->light &&
		 ipcbox_membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED))
		ret = -ENOMEM;
	else if (!ret)
		ret = waiter->look(waiter);
	if (ret != -EAGAIN)
		waiter->disarm(waiter);
	return ret;
}

static int ipcbox_waiter_sleep(struct ipcbox__waiter *waiter,
			       const struct ipcbox_options *options)
{
	struct ipcbox_ring_wait args = {
		.side = waiter->side,
		.lane = waiter->lane,
		.deadline = options ? options->deadline : 0,
	};
	int err = ipcbox__ioctl(waiter->port, IPCBOX_RING_WAIT, &args);

	waiter->disarm(waiter);
	return err == -EIDRM ? ipcbox_waiter_last_look(waiter) : err;
}

/* As look, but it does not say -EAGAIN unless the handle is O_NONBLOCK. */
int ipcbox__waiter_wait(struct ipcbox__waiter *waiter,
			const struct ipcbox_options *options)
{
	int ret = ipcbox_waiter_spin(waiter);

	while (ret == -EAGAIN) {
		ret = ipcbox__waiter_arm(waiter);
		if (ret != -EAGAIN)
			break;
		ret = ipcbox_waiter_sleep(waiter, options);
		if (ret)
			break;
		ret = waiter->look(waiter);
	}
	return ret;
}

int ipcbox__waiter_wake(const struct ipcbox__waiter *waiter, uint32_t lane)
{
	struct ipcbox_ring_wait args = { .side = waiter->side, .lane = lane };

	return ipcbox__ioctl(waiter->port, IPCBOX_RING_WAKE, &args);
}

/* That a side has ended may mean that the port is gone, or that one alone. */
bool ipcbox__waiter_port_gone(const struct ipcbox__waiter *waiter)
{
	struct ipcbox_ring_wait args = {
		.flags = IPCBOX_NOWAIT,
		.side = waiter->side,
		.lane = waiter->lane,
	};

	return ipcbox__ioctl(waiter->port, IPCBOX_RING_WAIT, &args) == -EIDRM;
}
