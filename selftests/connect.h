/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections: listeners, and both sides of making a connection
 */
#ifndef IPCBOX_CONNECT_H
#define IPCBOX_CONNECT_H

#include "request.h"

/* Nameless or not, with the rights to receive and manage. */
static inline int listener_create(int box, const char *name, uint64_t backlog)
{
	struct ipcbox_port_create attr = port_attr(name);

	attr.kind = IPCBOX_KIND_LISTENER;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = IPCBOX_RIGHT_RECV | IPCBOX_RIGHT_MANAGE;
	attr.max_messages = backlog;
	return port_create(box, &attr);
}

/* To the listener "door", with a text; answers come to the buffer. */
static inline struct ipcbox_connect connect_init(const char *text, char *answer,
						 size_t size)
{
	return (struct ipcbox_connect){
		.name = "door",
		.data = (uintptr_t)text,
		.len = strlen(text),
		.answer = (uintptr_t)answer,
		.answer_size = size,
	};
}

/**
 * struct client - a thread that connects once
 * @box: where
 * @connect: how; @request and @answer unless set otherwise
 * @request: text
 * @answer: room for the first answer
 * @ret: the end, or -errno; for client_join()
 * @thread: runs it
 */
struct client {
	int box;
	struct ipcbox_connect connect;
	char request[16];
	char answer[64];
	int ret;
	pthread_t thread;
};

static inline void *client_run(void *arg)
{
	struct client *client = arg;

	client->ret = sys_ioctl(client->box, IPCBOX_CONNECT, &client->connect);
	return NULL;
}

static inline void client_start(struct client *client, int box,
				const char *text)
{
	client->box = box;
	strcpy(client->request, text);
	client->connect = connect_init(client->request, client->answer,
				       sizeof(client->answer));
	if (pthread_create(&client->thread, NULL, client_run, client))
		abort();
}

static inline int client_join(struct client *client)
{
	if (pthread_join(client->thread, NULL))
		abort();
	return client->ret;
}

/* Of a connection without limits; a text as the first answer. */
static inline struct ipcbox_accept accept_init(uint64_t id, const char *text)
{
	return (struct ipcbox_accept){
		.id = id,
		.data = (uintptr_t)text,
		.len = strlen(text),
		.max_messages = IPCBOX_UNLIMITED,
	};
}

static inline int listener_accept(int listener, uint64_t id, const char *text)
{
	struct ipcbox_accept accept = accept_init(id, text);

	return sys_ioctl(listener, IPCBOX_ACCEPT, &accept);
}

static inline int listener_refuse(int listener, uint64_t id, uint64_t reason)
{
	struct ipcbox_refuse refuse = { .id = id, .reason = reason };

	return sys_ioctl(listener, IPCBOX_REFUSE, &refuse);
}

static inline int end_shutdown(int end, uint32_t rights)
{
	struct ipcbox_shutdown arg = { .rights = rights };

	return sys_ioctl(end, IPCBOX_SHUTDOWN, &arg);
}

/* A connection with itself: the server's end and the client's. False if not. */
static inline bool connection_make(int box, int listener,
				   struct ipcbox_accept accept, int ends[2])
{
	struct ipcbox_recv recv;
	struct client client;
	char text[16];

	client_start(&client, box, "hello");
	if (request_recv(listener, text, sizeof(text), &recv) != 5)
		return false;
	accept.id = recv.msg_id;
	ends[0] = sys_ioctl(listener, IPCBOX_ACCEPT, &accept);
	ends[1] = client_join(&client);
	return ends[0] >= 0 && ends[1] >= 0;
}

#endif /* IPCBOX_CONNECT_H */
