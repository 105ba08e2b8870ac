/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that wait: each in a thread of its own, so that a test can look at the
 * port meanwhile, and then collect what became of the call
 */
#ifndef IPCBOX_CALL_H
#define IPCBOX_CALL_H

#include <pthread.h>

#include "ipcbox_test.h"

enum call_kind { CALL_SEND, CALL_RECV, CALL_WRITE, CALL_READ };

/**
 * struct call - a call in a thread
 * @kind: which one
 * @port: handle
 * @send: of CALL_SEND; data and len are @data and @len
 * @recv: of CALL_RECV, likewise
 * @data: payload or buffer; @text unless set
 * @len: of it
 * @text: room for short ones
 * @ret: what the call returned, or -errno; for call_join()
 * @thread: that makes the call
 */
struct call {
	enum call_kind kind;
	int port;
	struct ipcbox_send send;
	struct ipcbox_recv recv;
	void *data;
	size_t len;
	char text[64];
	ssize_t ret;
	pthread_t thread;
};

static inline void *call_run(void *arg)
{
	struct call *call = arg;

	switch (call->kind) {
	case CALL_SEND:
		call->send.data = (uintptr_t)call->data;
		call->send.len = call->len;
		call->ret = sys_ioctl(call->port, IPCBOX_SEND, &call->send);
		break;
	case CALL_RECV:
		call->recv.data = (uintptr_t)call->data;
		call->recv.len = call->len;
		call->ret = sys_ioctl(call->port, IPCBOX_RECV, &call->recv);
		break;
	case CALL_WRITE:
		call->ret = sys_write(call->port, call->data, call->len);
		break;
	case CALL_READ:
		call->ret = sys_read(call->port, call->data, call->len);
		break;
	}
	return NULL;
}

/* A call with an empty message or a buffer of 64 bytes, to be changed. */
static inline struct call call_init(enum call_kind kind, int port)
{
	return (struct call){ .kind = kind, .port = port };
}

/* A send of this text, to be changed. */
static inline struct call call_text(int port, const char *text,
				    uint32_t priority)
{
	struct call call = call_init(CALL_SEND, port);

	strcpy(call.text, text);
	call.len = strlen(text);
	call.send.priority = priority;
	return call;
}

static inline void call_start(struct call *call)
{
	if (!call->data) {
		call->data = call->text;
		if (call->kind == CALL_RECV || call->kind == CALL_READ)
			call->len = sizeof(call->text) - 1;
	}
	if (pthread_create(&call->thread, NULL, call_run, call))
		abort();
}

static inline ssize_t call_join(struct call *call)
{
	if (pthread_join(call->thread, NULL))
		abort();
	return call->ret;
}

/* A handler that does nothing, with or without SA_RESTART. */
static inline void call_ignore(int sig)
{
}

static inline void call_catch(int sig, int flags)
{
	struct sigaction action = {
		.sa_handler = call_ignore,
		.sa_flags = flags,
	};

	sigaction(sig, &action, NULL);
}

#endif /* IPCBOX_CALL_H */
