/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both sides of IPCBOX_CALL: callers and servers, each in a thread of its own
 */
#ifndef IPCBOX_REQUEST_H
#define IPCBOX_REQUEST_H

#include "call.h"

/* Receives for up to ten seconds: the length, or -errno. */
static inline ssize_t request_recv(int port, void *data, size_t len,
				   struct ipcbox_recv *recv)
{
	int ret;

	*recv = (struct ipcbox_recv){ .deadline = in_ns(10 * SEC) };
	ret = msg_recv(port, data, len, 0, recv);
	return ret ? ret : (ssize_t)recv->msg_len;
}

static inline int request_reply(int port, uint64_t id, const void *data,
				size_t len, uint64_t type)
{
	struct ipcbox_reply reply = {
		.id = id,
		.data = (uintptr_t)data,
		.len = len,
		.type = type,
	};

	return sys_ioctl(port, IPCBOX_REPLY, &reply);
}

/**
 * struct caller - a thread that calls once
 * @port: handle
 * @call: as it is called; @request and @reply unless set otherwise
 * @request: text
 * @reply: room for an answer
 * @ret: what the call returned, or -errno; for caller_join()
 * @thread: runs it
 */
struct caller {
	int port;
	struct ipcbox_call call;
	char request[16];
	char reply[64];
	int ret;
	pthread_t thread;
};

static inline struct caller caller_init(int port, const char *text)
{
	struct caller caller = { .port = port, .call.len = strlen(text) };

	strcpy(caller.request, text);
	return caller;
}

static inline void *caller_run(void *arg)
{
	struct caller *caller = arg;

	caller->ret = sys_ioctl(caller->port, IPCBOX_CALL, &caller->call);
	return NULL;
}

/* Only once the caller is where it stays. */
static inline void caller_start(struct caller *caller)
{
	if (!caller->call.data)
		caller->call.data = (uintptr_t)caller->request;
	if (!caller->call.reply) {
		caller->call.reply = (uintptr_t)caller->reply;
		caller->call.reply_size = caller->call.reply_size ?:
					  sizeof(caller->reply);
	}
	if (pthread_create(&caller->thread, NULL, caller_run, caller))
		abort();
}

static inline int caller_join(struct caller *caller)
{
	if (pthread_join(caller->thread, NULL))
		abort();
	return caller->ret;
}

/**
 * struct server - a thread that replies and receives until that fails
 * @port: handle
 * @asks: a server that it asks for each request, or -1
 * @reply: what it replies: the request itself, and as type one more than the
 *	one that it asks has replied
 * @recv: what it has received
 * @served: how many
 * @data: room for a request
 * @ret: why it ended; for server_join()
 * @thread: runs it
 */
struct server {
	int port;
	int asks;
	struct ipcbox_reply reply;
	struct ipcbox_recv recv;
	unsigned int served;
	char data[64];
	int ret;
	pthread_t thread;
};

static inline struct server server_init(int port)
{
	return (struct server){ .port = port, .asks = -1 };
}

static inline uint64_t server_ask(struct server *server)
{
	struct ipcbox_call call = {};

	if (server->asks < 0)
		return 0;
	return sys_ioctl(server->asks, IPCBOX_CALL, &call) ? ~0ULL / 2 :
							     call.reply_type;
}

static inline void *server_run(void *arg)
{
	struct server *server = arg;
	struct ipcbox_reply *reply = &server->reply;

	for (;;) {
		server->recv = (struct ipcbox_recv){
			.data = (uintptr_t)server->data,
			.len = sizeof(server->data),
		};
		reply->recv = (uintptr_t)&server->recv;
		reply->recv_size = sizeof(server->recv);
		server->ret = sys_ioctl(server->port, IPCBOX_REPLY, reply);
		if (server->ret)
			return NULL;
		server->served++;
		reply->id = server->recv.msg_id;
		reply->data = (uintptr_t)server->data;
		reply->len = server->recv.msg_len;
		reply->type = server_ask(server) + 1;
	}
}

static inline void server_start(struct server *server)
{
	if (pthread_create(&server->thread, NULL, server_run, server))
		abort();
}

static inline int server_join(struct server *server)
{
	if (pthread_join(server->thread, NULL))
		abort();
	return server->ret;
}

#endif /* IPCBOX_REQUEST_H */
