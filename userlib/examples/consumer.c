// SPDX-License-Identifier: LGPL-2.1-or-later
/* Prints what comes to the mailbox, until an empty message says: the end. */
#include <ipcbox.h>
#include <stdio.h>

int main(void)
{
	char text[100];
	int port = ipcbox_port_create("greetings", NULL);
	ssize_t len = port;

	while (len >= 0 && (len = ipcbox_recv(port, text, sizeof(text))) > 0)
		printf("%.*s\n", (int)len, text);
	if (len == 0)
		len = ipcbox_port_delete("greetings");
	if (len < 0)
		fprintf(stderr, "consumer: %s\n", ipcbox_strerror((int)len));
	return len < 0;
}
