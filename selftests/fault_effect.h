/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Following a call that may have done a part of its work when it fails, or end
 * early with that: whatever failed, what must be so in the end is so
 *
 * To be included instead of fault_path.h. A test is EFFECT(name) { … };
 */
#ifndef IPCBOX_FAULT_EFFECT_H
#define IPCBOX_FAULT_EFFECT_H

#include "fault_path.h"

/* How often only a part was done: counted by checks. */
static unsigned int parts_done;

/**
 * struct effect - a call after which not all is as it was, although it failed
 * @path: the call; its check returns 0 for all or a part of what is to be done
 * @expect: what must be so in the end, whatever failed
 * @parts: at least so often only a part is done
 */
struct effect {
	struct path path;
	void (*expect)(struct __test_metadata *_metadata, struct world *world);
	unsigned int parts;
};

/* What was sent is charged to nobody once it has been received. */
static inline void expect_nothing_charged(struct __test_metadata *_metadata,
					  struct world *world)
{
	struct ipcbox_info info;

	EXPECT_EQ(0, box_info(world->box, &info));
	EXPECT_EQ(0, info.user_bytes);
}

/* True as long as there is an n-th that fails. */
static inline bool effect_fails(struct __test_metadata *_metadata,
				FIXTURE_DATA(faults) *self,
				const struct effect *effect, unsigned int n,
				unsigned int *failed)
{
	struct world world;
	enum fault_kind kind;
	long ret;

	world_begin(&world, &effect->path, self->box);
	fault_arm(&self->fault, n);
	ret = effect->path.run(&world);
	kind = fault_disarm(&self->fault);
	ret = effect->path.check(&world, ret);
	EXPECT_NE(FAULT_OTHER, kind);
	if (kind == FAULT_NONE) {
		EXPECT_EQ(0, ret);
	} else if (ret) {
		EXPECT_EQ(kind == FAULT_COPY ? -EFAULT : -ENOMEM, ret);
	}
	failed[kind < FAULT_KINDS && ret ? kind : FAULT_NONE]++;
	effect->expect(_metadata, &world);
	world_end(&world);
	return kind != FAULT_NONE;
}

/* As follow_path(): a round may miss some, so there are several. */
static inline void follow_effect(struct __test_metadata *_metadata,
				 FIXTURE_DATA(faults) *self,
				 const struct effect *effect)
{
	const struct path *path = &effect->path;
	unsigned int failed[FAULT_NONE + 1] = {};
	unsigned int n = 0, round;

	parts_done = 0;
	for (round = 0; round < ROUNDS && _metadata->passed; round++) {
		for (n = 1; _metadata->passed; n++)
			if (!effect_fails(_metadata, self, effect, n, failed))
				break;
		if (failed[FAULT_SLAB] >= path->objects &&
		    failed[FAULT_COPY] >= path->copies &&
		    parts_done >= effect->parts)
			break;
	}
	if (!_metadata->passed)
		TH_LOG("where number %u failed", n);
	TH_LOG("failed in turn: %u objects, %u pages, %u copies; %u in part",
	       failed[FAULT_SLAB], failed[FAULT_PAGES], failed[FAULT_COPY],
	       parts_done);
	EXPECT_LE(path->objects, failed[FAULT_SLAB]);
	EXPECT_LE(path->copies, failed[FAULT_COPY]);
	EXPECT_LE(effect->parts, parts_done);
	expect_nothing_left(_metadata, self->box);
}

#define EFFECT(name)							\
	static const struct effect effect_##name;			\
	TEST_F_TIMEOUT(faults, name, PATH_TIMEOUT)			\
	{								\
		follow_effect(_metadata, self, &effect_##name);		\
	}								\
	static const struct effect effect_##name =

#endif /* IPCBOX_FAULT_EFFECT_H */
