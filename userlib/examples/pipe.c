// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An ordinary pipe: a parent writes, its child reads; the textbook's program.
 *
 * With --kernel the pipe is that of pipe(2). Nothing else differs.
 */
#include "example.h"

#define READ_END	0
#define WRITE_END	1

static void read_all(const int ends[2])
{
	char text[64];
	ssize_t n;

	/* Else there would always be somebody who may write. */
	close(ends[WRITE_END]);
	while ((n = read(ends[READ_END], text, sizeof(text))) > 0)
		printf("the child reads \"%.*s\"\n", (int)n, text);
	printf("the child sees the end\n");
	close(ends[READ_END]);
}

int main(int argc, char **argv)
{
	int kernel = argc > 1 && !strcmp(argv[1], "--kernel");
	const char *greeting = "Greetings";
	int ends[2];
	pid_t pid;

	if (kernel)
		must("pipe", pipe(ends));
	else
		must("pipe", ipcbox_pipe(ends, 0, 0));
	pid = fork();
	if (!pid) {
		read_all(ends);
		return 0;
	}
	close(ends[READ_END]);
	must("write", write(ends[WRITE_END], greeting, strlen(greeting)));
	close(ends[WRITE_END]);
	return finish(pid);
}
