// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Local procedure calls: a client asks at a connection port and gets a private
 * pair of ports, one end on each side. It sends and calls over them, and the server
 * calls the client back. A client that does not know the word is refused.
 */
#include "example.h"

#include <errno.h>

/* The word comes with the request; returns the server's end, or 0. */
static int let_in(int listener)
{
	struct ipcbox_message msg;
	char word[20];
	ssize_t len = must("listen", ipcbox_recv_msg(listener, word,
						     sizeof(word), NULL, &msg));

	printf("server: \"%.*s\" from a process of %s user\n", (int)len, word,
	       msg.uid == geteuid() ? "the same" : "another");
	if (len == 4 && !memcmp(word, "open", 4))
		return must("accept", ipcbox_accept(listener, msg.id,
						    "welcome", 7, NULL));
	must("refuse", ipcbox_refuse(listener, msg.id, EPERM));
	return 0;
}

/* Before it answers, it asks who the client is. */
static void serve_call(int end)
{
	struct ipcbox_message msg;
	char text[40], name[20], reply[80];
	ssize_t len, name_len;

	len = must("receive", ipcbox_recv_msg(end, text, sizeof(text), NULL,
					      &msg));
	name_len = must("call back", ipcbox_call(end, "who are you?", 12, name,
						 sizeof(name), NULL, NULL));
	snprintf(reply, sizeof(reply), "%.*s, %.*s", (int)len, text,
		 (int)name_len, name);
	must("reply", ipcbox_reply(end, msg.id, reply, strlen(reply), 0));
}

static void serve(int listener)
{
	char text[40];
	int end;

	while (!(end = let_in(listener)))
		;
	printf("server: a message, \"%s\"\n",
	       recv_text(end, text, sizeof(text)));
	serve_call(end);
	printf("server: then %s\n",
	       ipcbox_strerror((int)ipcbox_recv(end, text, sizeof(text))));
}

/* A client has two things to do at once: it waits for its answer, and answers. */
static void be_asked(int end)
{
	struct ipcbox_message msg;
	char text[40];
	ssize_t len = must("be asked", ipcbox_recv_msg(end, text, sizeof(text),
						       NULL, &msg));

	printf("client: asked \"%.*s\"\n", (int)len, text);
	must("answer", ipcbox_reply(end, msg.id, "Mr. Client", 10, 0));
}

static void use(int end)
{
	char reply[80];
	pid_t asked;
	ssize_t len;

	send_text(end, "hello");
	asked = start(be_asked, end);
	len = must("call", ipcbox_call(end, "good day", 8, reply,
				       sizeof(reply), NULL, NULL));
	finish(asked);
	printf("client: answered \"%.*s\"\n", (int)len, reply);
	fflush(stdout);
	close(end);
}

/* Returns the client's end, or 0 if it was refused. */
static int knock(const char *name, const char *word)
{
	struct ipcbox_verdict verdict;
	char answer[20];
	int end = ipcbox_connect(name, word, strlen(word), answer,
				 sizeof(answer), NULL, &verdict);

	if (end == -ECONNREFUSED &&
	    verdict.answer.outcome == IPCBOX_ANSWERED) {
		printf("client: \"%s\" is refused: %s\n", word,
		       strerror((int)verdict.reason));
		return 0;
	}
	must("connect", end);
	printf("client: \"%s\" is answered \"%.*s\"\n", word,
	       (int)verdict.answer.len, answer);
	return end;
}

/* One line at a time, each before the other side can go on. */
int main(void)
{
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;
	struct ipcbox_stat stat;
	char name[32];
	pid_t child;
	int listener;

	setvbuf(stdout, NULL, _IOLBF, 0);
	attr.kind = IPCBOX_KIND_LISTENER;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.rights = IPCBOX_RIGHT_RECV;
	listener = must("create", ipcbox_port_create(NULL, &attr));
	must("stat", ipcbox_port_stat(listener, &stat));
	snprintf(name, sizeof(name), "@%llu", (unsigned long long)stat.id);
	child = start(serve, listener);
	knock(name, "please");
	use(knock(name, "open"));
	finish(child);
	return 0;
}
