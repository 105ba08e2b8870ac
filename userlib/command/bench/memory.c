// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Peers: shared memory, with a futex or an eventfd to sleep on.
 *
 * Messages stand in slots of one length between one producer and one consumer.
 * They are copied in and out, as a message is. Who finds no room or no message
 * says so, looks again and sleeps; so there is no system call while both run.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

/**
 * struct slots - the shared memory of a channel
 * @producer: its count is that of messages ever sent
 * @consumer: its count is that of messages ever received
 * @data: the slots
 */
struct slots {
	struct side producer;
	struct side consumer;
	char data[];
};

/**
 * struct bed - what to sleep on
 * @sleep: while the other side has counted to @value, or for a shorter time
 * @wake: whoever sleeps on this side's count
 */
struct bed {
	int (*sleep)(struct side *other, uint32_t value, int fd);
	int (*wake)(struct side *own, int fd);
};

static size_t slot_size(size_t len)
{
	return (len + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static size_t slots_shared(size_t len)
{
	struct channel channel = { .len = len };

	return sizeof(struct slots) +
	       channel_messages(&channel) * slot_size(len);
}

static char *slot_at(const struct channel *channel, uint32_t count)
{
	struct slots *slots = channel->shared;

	return slots->data + count % channel_messages(channel) *
			     slot_size(channel->len);
}

/* Until the other side's count is no longer @value. */
static int side_wait(struct side *own, struct side *other, uint32_t value,
		     const struct bed *bed, int fd)
{
	int err = 0;

	while (!err && atomic_load_explicit(&other->count,
					    memory_order_acquire) == value) {
		/* full barrier: pairs with that in side_advance() */
		atomic_store(&own->sleeps, 1);
		if (atomic_load(&other->count) == value)
			err = bed->sleep(other, value, fd);
	}
	return err;
}

static int side_advance(struct side *own, struct side *other,
			const struct bed *bed, int fd)
{
	uint32_t count = atomic_load_explicit(&own->count,
					      memory_order_relaxed);

	atomic_store(&own->count, count + 1);
	if (!atomic_load(&other->sleeps))
		return 0;
	atomic_store(&other->sleeps, 0);
	return bed->wake(own, fd);
}

static int slots_send(struct channel *channel, const void *data,
		      const struct bed *bed)
{
	struct slots *slots = channel->shared;
	uint32_t full = (uint32_t)(channel->count - channel_messages(channel));
	int err = side_wait(&slots->producer, &slots->consumer, full, bed,
			    channel->rx);

	if (err)
		return err;
	memcpy(slot_at(channel, (uint32_t)channel->count), data, channel->len);
	channel->count++;
	return side_advance(&slots->producer, &slots->consumer, bed,
			    channel->tx);
}

static int slots_recv(struct channel *channel, void *data,
		      const struct bed *bed)
{
	struct slots *slots = channel->shared;
	int err = side_wait(&slots->consumer, &slots->producer,
			    (uint32_t)channel->count, bed, channel->tx);

	if (err)
		return err;
	memcpy(data, slot_at(channel, (uint32_t)channel->count), channel->len);
	channel->count++;
	return side_advance(&slots->consumer, &slots->producer, bed,
			    channel->rx);
}

/* By a futex: the count itself */

static int futex_sleep(struct side *other, uint32_t value, int fd)
{
	(void)fd;
	if (!syscall(SYS_futex, &other->count, FUTEX_WAIT, value, NULL, NULL, 0))
		return 0;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int futex_wake(struct side *own, int fd)
{
	(void)fd;
	return syscall(SYS_futex, &own->count, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ?
	       -errno : 0;
}

static const struct bed futex_bed = {
	.sleep = futex_sleep,
	.wake = futex_wake,
};

int side_wait_futex(struct side *own, struct side *other, uint32_t value)
{
	return side_wait(own, other, value, &futex_bed, -1);
}

int side_advance_futex(struct side *own, struct side *other)
{
	return side_advance(own, other, &futex_bed, -1);
}

static int futex_send(struct channel *channel, const void *data)
{
	return slots_send(channel, data, &futex_bed);
}

static int futex_recv(struct channel *channel, void *data)
{
	return slots_recv(channel, data, &futex_bed);
}

const struct transport futex_transport = {
	.name = "shm-futex", .group = "memory",
	.about = "64 slots in shared memory, copied in and out; futex only to sleep",
	.max = SIZE_MAX, .shared = slots_shared,
	.send = futex_send, .recv = futex_recv,
};

/* By two eventfds: @tx tells of messages, @rx of room */

static int eventfd_open(struct channel *channel)
{
	channel->tx = eventfd(0, EFD_CLOEXEC);
	channel->rx = eventfd(0, EFD_CLOEXEC);
	return channel->tx < 0 || channel->rx < 0 ? -errno : 0;
}

static int eventfd_sleep(struct side *other, uint32_t value, int fd)
{
	uint64_t n;

	(void)other;
	(void)value;
	return read(fd, &n, sizeof(n)) == sizeof(n) ? 0 : -errno;
}

static int eventfd_wake(struct side *own, int fd)
{
	uint64_t one = 1;

	(void)own;
	return write(fd, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

static const struct bed eventfd_bed = {
	.sleep = eventfd_sleep,
	.wake = eventfd_wake,
};

static int eventfd_send(struct channel *channel, const void *data)
{
	return slots_send(channel, data, &eventfd_bed);
}

static int eventfd_recv(struct channel *channel, void *data)
{
	return slots_recv(channel, data, &eventfd_bed);
}

const struct transport eventfd_transport = {
	.name = "shm-eventfd", .group = "memory",
	.about = "likewise, with two eventfds to sleep on",
	.max = SIZE_MAX, .shared = slots_shared, .open = eventfd_open,
	.send = eventfd_send, .recv = eventfd_recv,
};
