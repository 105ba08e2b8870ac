// SPDX-License-Identifier: GPL-2.0-only
// Boost's spsc_queue as a contender of ring_native

#include <boost/lockfree/spsc_queue.hpp>

#include "ring_native.h"

template <size_t LENGTH> struct payload {
	char bytes[LENGTH];
};

template <size_t LENGTH> using queue =
	boost::lockfree::spsc_queue<payload<LENGTH>,
				    boost::lockfree::capacity<ROOM(LENGTH) / LENGTH>>;

// One template for each length; the payloads lie in the queue itself.
struct boost_spsc {
	void *way[2];
	size_t size;
};

template <size_t LENGTH> static void make(struct boost_spsc *x)
{
	x->size = sizeof(queue<LENGTH>);
	for (int i = 0; i < 2; i++)
		x->way[i] = new (shared_new(x->size)) queue<LENGTH>;
}

template <size_t LENGTH> ALWAYS void push(void *way)
{
	auto *q = static_cast<queue<LENGTH> *>(way);

	while (!q->push(*reinterpret_cast<payload<LENGTH> *>(outgoing)))
		;
}

template <size_t LENGTH> ALWAYS void pop(void *way)
{
	auto *q = static_cast<queue<LENGTH> *>(way);

	while (!q->pop(*reinterpret_cast<payload<LENGTH> *>(incoming)))
		;
}

ALWAYS void boost_spsc_send(struct boost_spsc *x, int way, size_t length)
{
	switch (length) {
	case 8: return push<8>(x->way[way]);
	case 64: return push<64>(x->way[way]);
	case 1024: return push<1024>(x->way[way]);
	default: return push<LENGTH_MAX>(x->way[way]);
	}
}

ALWAYS void boost_spsc_receive(struct boost_spsc *x, int way, size_t length)
{
	switch (length) {
	case 8: return pop<8>(x->way[way]);
	case 64: return pop<64>(x->way[way]);
	case 1024: return pop<1024>(x->way[way]);
	default: return pop<LENGTH_MAX>(x->way[way]);
	}
}

LOOPS(boost_spsc)

static void *boost_open(size_t length)
{
	struct boost_spsc *x = new boost_spsc;

	switch (length) {
	case 8: make<8>(x); break;
	case 64: make<64>(x); break;
	case 1024: make<1024>(x); break;
	default: make<LENGTH_MAX>(x); break;
	}
	return x;
}

static void boost_close(void *context)
{
	struct boost_spsc *x = static_cast<struct boost_spsc *>(context);

	for (int i = 0; i < 2; i++)
		shared_free(x->way[i], x->size);
	delete x;
}

const struct contender boost_contender = {
	"Boost spsc_queue", 0, boost_open, boost_spsc_run, boost_close,
};
