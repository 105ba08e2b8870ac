// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sends greetings to a mailbox; it and the consumer start in any order. */
#include <ipcbox.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	const char *words[] = { "hello", "from", "the", "producer", "" };
	int port = ipcbox_port_create("greetings", NULL);
	int err = port;

	for (int i = 0; i < 5 && err >= 0; i++)
		err = ipcbox_send(port, words[i], strlen(words[i]));
	if (err < 0)
		fprintf(stderr, "producer: %s\n", ipcbox_strerror(err));
	return err < 0;
}
