// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a worker does in a repetition: it asks or answers, produces or consumes.
 *
 * Where several producers and consumers may share a channel, there is one for all
 * of them. Otherwise there are as many as there are producers or consumers, if
 * these are more, and who has several takes them in turn.
 */
#include "bench.h"

static bool job_is_producer(const struct worker *worker)
{
	return worker->index < worker->trial->producers;
}

/* Among its like. */
static unsigned int job_index(const struct worker *worker)
{
	return job_is_producer(worker) ? worker->index :
	       worker->index - worker->trial->producers;
}

/* Whether this worker has to do with a channel, on that side of it. */
static bool job_has(const struct worker *worker, unsigned int i, bool receive)
{
	const struct trial *trial = worker->trial;
	unsigned int peers = receive ? trial->consumers : trial->producers;

	if (trial->measure == MEASURE_LATENCY)
		return receive == (i != worker->index);
	if (receive == job_is_producer(worker))
		return false;
	return trial->transport->many || i % peers == job_index(worker);
}

int job_attach(struct worker *worker, bool receive)
{
	const struct transport *transport = worker->trial->transport;
	unsigned int i;
	int err = 0;

	if (!transport->attach)
		return 0;
	for (i = 0; !err && i < worker->channels_nr; i++)
		if (job_has(worker, i, receive))
			err = transport->attach(&worker->channels[i], receive);
	return err;
}

/* Messages, or round trips, in one round of all workers. */
uint64_t job_messages(const struct trial *trial)
{
	if (trial->measure == MEASURE_LATENCY)
		return 1;
	if (trial->transport->many)
		return (uint64_t)trial->producers * trial->consumers;
	return trial->producers > trial->consumers ? trial->producers :
						     trial->consumers;
}

/* Round trips */

static int job_ask_once(struct worker *worker)
{
	const struct transport *transport = worker->trial->transport;
	int err;

	message_make(worker);
	if (transport->ask) {
		err = transport->ask(worker->channels, worker->out, worker->in);
	} else {
		err = transport->send(&worker->channels[0], worker->out);
		if (!err)
			err = transport->recv(&worker->channels[1], worker->in);
	}
	return err ? err : message_check(worker);
}

static int job_ask(struct worker *worker, uint64_t rounds)
{
	int err = 0;

	while (!err && rounds--)
		err = job_ask_once(worker);
	return err;
}

static int job_answer_once(struct worker *worker)
{
	const struct transport *transport = worker->trial->transport;
	int err;

	if (transport->answer)
		err = transport->answer(worker->channels, worker->out,
					worker->in);
	else
		err = transport->recv(&worker->channels[0], worker->in);
	if (!err)
		err = message_check(worker);
	if (err)
		return err;
	message_make(worker);
	if (transport->answer)
		return 0;
	return transport->send(&worker->channels[1], worker->out);
}

static int job_answer(struct worker *worker, uint64_t rounds)
{
	const struct transport *transport = worker->trial->transport;
	int err = 0;

	while (!err && rounds--)
		err = job_answer_once(worker);
	if (!err && transport->finish)
		err = transport->finish(worker->channels, worker->out);
	return err;
}

/* One way */

static int job_produce(struct worker *worker, struct channel *channel,
		       uint64_t messages)
{
	int err = 0;

	while (!err && messages--) {
		message_make(worker);
		err = worker->trial->transport->send(channel, worker->out);
	}
	return err;
}

static int job_consume(struct worker *worker, struct channel *channel,
		       uint64_t messages)
{
	int err = 0;

	while (!err && messages--) {
		err = worker->trial->transport->recv(channel, worker->in);
		if (!err)
			err = message_check(worker);
	}
	return err;
}

static int job_move(struct worker *worker, struct channel *channel,
		    uint64_t messages)
{
	const struct transport *transport = worker->trial->transport;
	int err;

	if (job_is_producer(worker))
		return job_produce(worker, channel, messages);
	err = job_consume(worker, channel, messages);
	if (!err && transport->finish)
		err = transport->finish(channel, NULL);
	return err;
}

/* Its channels in turn, a message each. */
static int job_in_turn(struct worker *worker, uint64_t rounds)
{
	bool receive = !job_is_producer(worker);
	unsigned int i;
	int err = 0;

	while (!err && rounds--)
		for (i = 0; !err && i < worker->channels_nr; i++)
			if (job_has(worker, i, receive))
				err = job_move(worker, &worker->channels[i], 1);
	return err;
}

static int job_one_way(struct worker *worker, uint64_t rounds)
{
	const struct trial *trial = worker->trial;

	if (!trial->transport->many && worker->channels_nr > 1)
		return job_in_turn(worker, rounds);
	if (trial->transport->many)
		rounds *= job_is_producer(worker) ? trial->consumers :
						    trial->producers;
	return job_move(worker, &worker->channels[0], rounds);
}

int job_rounds(struct worker *worker, uint64_t rounds)
{
	if (worker->trial->measure == MEASURE_THROUGHPUT)
		return job_one_way(worker, rounds);
	return worker->index ? job_answer(worker, rounds) :
			       job_ask(worker, rounds);
}
