// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Request and reply: a client calls a server and waits for the answer, and in
 * any case learns how far its request came.
 */
#include "example.h"

#include <ctype.h>

/* Answers in capitals; a request to "die" is its last. */
static void server(int port)
{
	struct ipcbox_response response = { 0 };
	struct ipcbox_message msg;
	char text[100];

	response.data = text;
	for (;;) {
		ssize_t len = ipcbox_reply_recv(port, &response, text,
						sizeof(text), NULL, &msg);
		ssize_t i;

		must("serve", len);
		if (len == 3 && !memcmp(text, "die", 3))
			exit(0);
		for (i = 0; i < len; i++)
			text[i] = (char)toupper((unsigned char)text[i]);
		response.id = msg.id;
		response.len = (size_t)len;
	}
}

static void call(int port, const char *request)
{
	struct ipcbox_options options = { 0 };
	struct ipcbox_answer answer;
	char reply[100];
	ssize_t len;

	options.deadline = ipcbox_deadline_in(strcmp(request, "nobody") ? 10 :
								       0.05);
	len = ipcbox_call(port, request, strlen(request), reply, sizeof(reply),
			  &options, &answer);
	printf("%s: %.*s (%s)\n", request, len < 0 ? 1000 : (int)len,
	       len < 0 ? ipcbox_strerror((int)len) : reply,
	       ipcbox_outcome_name(answer.outcome));
}

int main(void)
{
	int port = make_port(0);
	pid_t child = start(server, port);

	call(port, "hello");
	call(port, "how are you?");
	call(port, "die");
	finish(child);
	call(port, "nobody");
	return 0;
}
