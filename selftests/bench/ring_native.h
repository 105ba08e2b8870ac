/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the contenders of ring_native have in common, in C and in C++: a row of
 * its table, and the loops, which are compiled for each of them and each length
 * so that no call and no length that is unknown comes between.
 */
#ifndef IPCBOX_RING_NATIVE_H
#define IPCBOX_RING_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LENGTH_MAX	65536UL

/* Bytes of payload that a ring has room for. */
#define ROOM(length)	((length) < 65536 ? 65536UL : 32 * 65536UL)

enum side_role { SEND, RECEIVE, PING, PONG };

/**
 * struct contender - a way to carry payloads between two processes
 * @name: as shown
 * @round_trip_only: carries no payload
 * @open: before the processes part; a context
 * @run: one side's part of that many messages
 * @close: of the context
 */
struct contender {
	const char *name;
	int round_trip_only;
	void *(*open)(size_t length);
	void (*run)(void *context, enum side_role role, size_t length, unsigned long n);
	void (*close)(void *context);
};

extern const struct contender boost_contender;

/* Private memory of each process: what is sent, and what has come. */
extern char outgoing[LENGTH_MAX], incoming[LENGTH_MAX];

/* Shared, zero, and there already. */
void *shared_new(size_t size);
void shared_free(void *memory, size_t size);

void out_of_order(const char *name);

#define ALWAYS	static inline __attribute__((always_inline))

/*
 * Makes NAME_run() of NAME_send(context, direction, length) and
 * NAME_receive(), which carry outgoing to incoming.
 */
#define LOOPS(name)							\
ALWAYS void name##_out(struct name *x, int way, size_t length, uint64_t i) \
{									\
	memcpy(outgoing, &i, sizeof(i));				\
	name##_send(x, way, length);					\
}									\
									\
ALWAYS void name##_in(struct name *x, int way, size_t length, uint64_t i) \
{									\
	name##_receive(x, way, length);					\
	if (memcmp(incoming, &i, sizeof(i)))				\
		out_of_order(#name);					\
}									\
									\
ALWAYS void name##_loop(struct name *x, enum side_role role, size_t length,	\
			unsigned long n)				\
{									\
	uint64_t i;							\
									\
	switch (role) {							\
	case SEND:							\
		for (i = 0; i < n; i++)					\
			name##_out(x, 0, length, i);			\
		break;							\
	case RECEIVE:							\
		for (i = 0; i < n; i++)					\
			name##_in(x, 0, length, i);			\
		break;							\
	case PING:							\
		for (i = 0; i < n; i++) {				\
			name##_out(x, 0, length, i);			\
			name##_in(x, 1, length, i);			\
		}							\
		break;							\
	case PONG:							\
		for (i = 0; i < n; i++) {				\
			name##_in(x, 0, length, i);			\
			name##_out(x, 1, length, i);			\
		}							\
		break;							\
	}								\
}									\
									\
static void name##_run(void *context, enum side_role role, size_t length,	\
		       unsigned long n)					\
{									\
	struct name *x = (struct name *)context;			\
									\
	switch (length) {						\
	case 8:								\
		name##_loop(x, role, 8, n);				\
		break;							\
	case 64:							\
		name##_loop(x, role, 64, n);				\
		break;							\
	case 1024:							\
		name##_loop(x, role, 1024, n);				\
		break;							\
	default:							\
		name##_loop(x, role, LENGTH_MAX, n);			\
		break;							\
	}								\
}

#ifdef __cplusplus
}
#endif

#endif /* IPCBOX_RING_NATIVE_H */
