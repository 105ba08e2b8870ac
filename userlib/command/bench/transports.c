// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All transports, in the order in which they are shown, and what channels of all
 * of them have in common.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "transport.h"

const struct transport *const transports[] = {
	&mailbox_transport, &mailbox_ioctl_transport, &rendezvous_transport,
	&call_transport, &connection_transport, &direct_transport,
	&stream_transport,
	&mq_transport, &sysv_transport,
	&pipe_transport, &fifo_transport,
	&unix_stream_transport, &unix_seqpacket_transport,
	&unix_dgram_transport, &tcp_transport, &udp_transport,
	&eventfd_transport, &futex_transport, &foreign_transport,
};

const size_t transports_nr = ARRAY_SIZE(transports);

static int channel_map(struct channel *channel)
{
	void *memory;

	if (!channel->transport->shared)
		return 0;
	memory = mmap(NULL, channel->transport->shared(channel->len),
		      PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	channel->shared = memory;
	return 0;
}

int channel_open(struct channel *channel, const struct transport *transport,
		 size_t len)
{
	int err;

	*channel = (struct channel){
		.transport = transport, .len = len, .tx = -1, .rx = -1,
	};
	if (len < transport->min || (transport->max && len > transport->max))
		return -EMSGSIZE;
	err = channel_map(channel);
	if (!err && transport->open)
		err = transport->open(channel);
	if (err)
		channel_close(channel);
	return err;
}

void channel_close(struct channel *channel)
{
	const struct transport *transport = channel->transport;

	if (!transport)
		return;
	if (transport->close) {
		transport->close(channel);
	} else {
		if (channel->tx >= 0 && channel->tx != channel->rx)
			close(channel->tx);
		if (channel->rx >= 0)
			close(channel->rx);
	}
	if (channel->shared)
		munmap(channel->shared, transport->shared(channel->len));
	channel->transport = NULL;
}
