/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Typed objects in a BPF arena, for BPF programs: the C side of `Allocator`, `Object<T>` and
 * `Kptr<T, Local>` of the Rust crate mapvalue, which creates, hands over and frees objects in the
 * same memory.
 *
 *     struct flow mv_arena *flow = mv_obj_alloc(alloc, FLOW_TYPE_ID);     0 if no slot is free
 *     flow->packets = 1;
 *     __u64 old = mv_kptr_xchg(&cell->flow, mv_kptr(flow));               hands it over
 *     if (old)                                                            what the field held
 *         mv_obj_free(mv_kptr_obj(old));
 *
 * `alloc` is a `struct mv_alloc mv_arena *`: the number that `Allocator::as_ptr` returns, which
 * user space puts where the program finds it. The number of a type is `T::LAYOUT.type_id()` in
 * Rust; print it into a header.
 *
 * An object belongs to the field that holds its pointer (by `mv_kptr_xchg`), or to the program that
 * took the pointer. Do not use a pointer that was read from a field without the exchange: another
 * owner may be freeing the object.
 *
 * Lock-free on any number of CPUs, beside user space: slots change hands by 64-bit
 * compare-and-exchange of words with a counter that each change increments. Atomic operations that
 * return a value order fully in BPF.
 *
 * Needs what arena.bpf.h needs. The program must mention the arena's map, like any that uses an
 * arena.
 */
#ifndef MAPVALUE_ALLOC_BPF_H
#define MAPVALUE_ALLOC_BPF_H

#include "arena.bpf.h"

#define MV_ALLOC_MAGIC 0x00636f6c6c61766dULL /* "mvalloc" */
#define MV_ALLOC_VERSION 2
#define MV_ALLOC_CLASSES 16
#define MV_ALLOC_SHARDS 64
/* Those of the shards, and those of threads that have none. */
#define MV_ALLOC_GATES (MV_ALLOC_SHARDS + 16)

/* `mv_alloc.state`, in its low bits. */
#define MV_ALLOC_LIVE 1
#define MV_ALLOC_STATE 7

/* What mv_obj_free returns, besides 0. */
#define MV_OBJ_FOREIGN 1  /* not an object of an allocator, or its header was overwritten */
#define MV_OBJ_INTERIOR 2 /* the pointer leads into the middle of an object */
#define MV_OBJ_FREE 3     /* the object is already free */
#define MV_OBJ_OWNED 4    /* an `Object` of user space holds it */

struct mv_alloc_class {
	unsigned long long free;
	unsigned int fresh;
	unsigned int listed;
	unsigned int capacity;
	unsigned int value_size;
	unsigned int stride;
	unsigned int reserved;
	unsigned long long first;
} __attribute__((aligned(64)));

/* The free slots that a thread of user space keeps for itself. */
struct mv_alloc_shard {
	unsigned long long owner; /* the thread; the lowest bit is set while it changes the lists */
	unsigned long long space; /* the process namespace in which the owner has this number */
	unsigned int kept[MV_ALLOC_CLASSES];
} __attribute__((aligned(64)));

/* An allocator. Rust creates it: `Allocator::create`. */
struct mv_alloc {
	unsigned long long magic;
	unsigned int version;
	unsigned int id;
	unsigned int state;
	unsigned int class_count;
	unsigned int align;
	unsigned int magazine;
	unsigned long long len;
	unsigned int asymmetric;
	unsigned int reserved;
	struct mv_alloc_class classes[MV_ALLOC_CLASSES] __attribute__((aligned(64)));
	unsigned long long failed;
	struct mv_alloc_shard shards[MV_ALLOC_GATES];
};

/* Before each object. */
struct mv_slot {
	/* From low to high: 2 bits of holder, 30 of the allocator's id, 32 of generation. */
	unsigned long long control;
	unsigned int type_id;
	unsigned int next;
};

/*
 * The holder of a slot, the low bits of `control`. (3: free, but kept by a thread of user space.)
 */
#define MV_SLOT_FREE 0ULL
#define MV_SLOT_SHARED 1ULL
#define MV_SLOT_OBJECT 2ULL
#define MV_SLOT_HOLDER 3ULL
#define MV_SLOT_GENERATION (1ULL << 32)

MV_INLINE struct mv_slot mv_arena *mv_alloc_slot(struct mv_alloc mv_arena *alloc, struct mv_alloc_class mv_arena *class,
						 unsigned int index)
{
	return (struct mv_slot mv_arena *)((char mv_arena *)alloc + class->first +
					   (unsigned long long)index * class->stride);
}

MV_INLINE struct mv_slot mv_arena *mv_slot_of(void mv_arena *object)
{
	return (struct mv_slot mv_arena *)((char mv_arena *)object - sizeof(struct mv_slot));
}

MV_INLINE int mv_alloc_is_live(struct mv_alloc mv_arena *alloc)
{
	return (mv_load(&alloc->state) & MV_ALLOC_STATE) == MV_ALLOC_LIVE;
}

/* Adds to a number, fully ordered with all accesses before and after. */
#define mv_alloc_add(place, number)                                                                                    \
	({                                                                                                             \
		unsigned long long mv_before = __sync_fetch_and_add(place, number);                                  \
		/* An addition whose result is unused would order nothing. */                                           \
		asm volatile("" : "+r"(mv_before) : : "memory");                                                       \
	})

/* Takes a free slot of a class. Returns its index plus one, or 0 if there is none. */
MV_INLINE unsigned int mv_alloc_pop(struct mv_alloc mv_arena *alloc, struct mv_alloc_class mv_arena *class)
{
	while (mv_may_loop()) {
		unsigned long long head = mv_load(&class->free), next;
		unsigned int link = (unsigned int)head;

		if (!link)
			break;
		/* A link that leads nowhere was overwritten. It ends the list. */
		next = link > class->capacity ? 0 : mv_load(&mv_alloc_slot(alloc, class, link - 1)->next);
		next |= ((head >> 32) + 1) << 32;
		if (__sync_val_compare_and_swap(&class->free, head, next) == head && link <= class->capacity) {
			mv_alloc_add(&class->listed, -1);
			return link;
		}
	}
	while (mv_may_loop()) {
		unsigned int fresh = mv_load(&class->fresh);
		unsigned long long free = (unsigned long long)alloc->id << 2, control;
		struct mv_slot mv_arena *slot;

		if (fresh >= class->capacity)
			break;
		/* The memory of a new allocator may hold anything. First the slot names its allocator. */
		slot = mv_alloc_slot(alloc, class, fresh);
		control = mv_load(&slot->control);
		if ((control & 0xfffffffcULL) != free)
			__sync_val_compare_and_swap(&slot->control, control,
						    (control & ~(MV_SLOT_GENERATION - 1)) | free);
		if (__sync_val_compare_and_swap(&class->fresh, fresh, fresh + 1) != fresh)
			continue;
		/* A thread may have kept it that used an allocator here before. So it gets the next generation. */
		control = mv_load(&slot->control);
		if ((control & 0xfffffffcULL) == free &&
		    ((control & MV_SLOT_HOLDER) == MV_SLOT_FREE || (control & MV_SLOT_HOLDER) == MV_SLOT_HOLDER) &&
		    __sync_val_compare_and_swap(&slot->control, control,
						(control & ~MV_SLOT_HOLDER) + MV_SLOT_GENERATION) == control)
			return fresh + 1;
		/* An object holds it: somebody wrote over the number of slots that were used. */
		mv_alloc_add(&alloc->failed, 1);
	}
	return 0;
}

MV_INLINE void mv_alloc_push(struct mv_alloc mv_arena *alloc, struct mv_alloc_class mv_arena *class, unsigned int index)
{
	struct mv_slot mv_arena *slot = mv_alloc_slot(alloc, class, index);

	while (mv_may_loop()) {
		unsigned long long head = mv_load(&class->free);

		mv_store(&slot->next, (unsigned int)head);
		if (__sync_val_compare_and_swap(&class->free, head, (((head >> 32) + 1) << 32) | (index + 1)) == head) {
			mv_alloc_add(&class->listed, 1);
			return;
		}
	}
	/* The list keeps changing under us. Recovery of the allocator finds the slot. */
}

/* Frees an object of any allocator. Returns 0, or the reason (MV_OBJ_..) and changes nothing. */
MV_INLINE int mv_obj_free(void mv_arena *object)
{
	struct mv_slot mv_arena *slot = mv_slot_of(object);
	unsigned long long control = mv_load(&slot->control);
	/* The id gives the place of the allocator. */
	struct mv_alloc mv_arena *alloc = (struct mv_alloc mv_arena *)((control & 0xfffffffcULL) >> 2 << 6);

	if (!object || mv_load(&alloc->magic) != MV_ALLOC_MAGIC)
		return MV_OBJ_FOREIGN;
	for (unsigned int i = 0; i < MV_ALLOC_CLASSES && mv_may_loop(); i++) {
		struct mv_alloc_class mv_arena *class = &alloc->classes[i];
		unsigned int first = (unsigned int)(unsigned long long)alloc + (unsigned int)class->first;
		unsigned int offset = (unsigned int)(unsigned long long)slot - first;
		unsigned int stride = class->stride, index;

		if (i >= alloc->class_count || !stride)
			break;
		index = offset / stride;
		if (index >= class->capacity)
			continue;
		if (index * stride != offset)
			return MV_OBJ_INTERIOR;
		if ((control & MV_SLOT_HOLDER) != MV_SLOT_SHARED)
			return (control & MV_SLOT_HOLDER) == MV_SLOT_OBJECT ? MV_OBJ_OWNED : MV_OBJ_FREE;
		if (__sync_val_compare_and_swap(&slot->control, control, control & ~MV_SLOT_HOLDER) != control)
			return MV_OBJ_FREE;
		mv_alloc_push(alloc, class, index);
		return 0;
	}
	return MV_OBJ_FOREIGN;
}

/* As mv_obj_alloc_in, but does not count a failure. */
MV_INLINE void mv_arena *mv_obj_take(struct mv_alloc mv_arena *alloc, unsigned int class, unsigned int type_id)
{
	struct mv_alloc_class mv_arena *slots = &alloc->classes[class & (MV_ALLOC_CLASSES - 1)];
	unsigned int link;

	if (mv_alloc_is_live(alloc) && (link = mv_alloc_pop(alloc, slots))) {
		struct mv_slot mv_arena *slot = mv_alloc_slot(alloc, slots, link - 1);
		void mv_arena *object = (char mv_arena *)slot + sizeof(*slot);
		unsigned long long found = mv_load(&slot->control);

		mv_store(&slot->type_id, type_id);
		/* A corrupted list may lead two takers to one slot. Only one of them gets it. */
		if ((unsigned int)found == ((unsigned long long)alloc->id << 2 | MV_SLOT_FREE) &&
		    __sync_val_compare_and_swap(&slot->control, found, (found | MV_SLOT_SHARED) + MV_SLOT_GENERATION) == found) {
			/*
			 * A closer sets the state and then looks for objects. This takes the slot and then looks at
			 * the state. So one of the two sees the other.
			 */
			if (mv_alloc_is_live(alloc))
				return object;
			mv_obj_free(object);
		}
	}
	return (void mv_arena *)0;
}

/* Creates an object in the class with this index. The memory keeps its last contents. */
MV_INLINE void mv_arena *mv_obj_alloc_in(struct mv_alloc mv_arena *alloc, unsigned int class, unsigned int type_id)
{
	void mv_arena *object = mv_obj_take(alloc, class, type_id);

	if (!object)
		mv_alloc_add(&alloc->failed, 1);
	return object;
}

/*
 * Creates an object of `size` bytes in the smallest class that it fits into and that has a free slot.
 * Returns 0 if none has, or the allocator is closed.
 */
MV_INLINE void mv_arena *mv_obj_alloc_sized(struct mv_alloc mv_arena *alloc, unsigned int size, unsigned int type_id)
{
	for (unsigned int class = 0; class < MV_ALLOC_CLASSES && mv_may_loop(); class++) {
		void mv_arena *object;

		if (class >= alloc->class_count || size > alloc->classes[class].value_size)
			continue;
		object = mv_obj_take(alloc, class, type_id);
		if (object)
			return object;
	}
	mv_alloc_add(&alloc->failed, 1);
	return (void mv_arena *)0;
}

/*
 * Creates an object in an allocator whose slots all have one size. Returns 0 if no slot is free, or
 * the allocator is closed.
 */
MV_INLINE void mv_arena *mv_obj_alloc(struct mv_alloc mv_arena *alloc, unsigned int type_id)
{
	return mv_obj_alloc_in(alloc, 0, type_id);
}

/* The pointer to an object as a field holds it: with the generation of its slot. 0 for null. */
MV_INLINE unsigned long long mv_kptr(void mv_arena *object)
{
	if (!object)
		return 0;
	return (mv_load(&mv_slot_of(object)->control) & ~(MV_SLOT_GENERATION - 1)) |
	       (unsigned int)(unsigned long long)object;
}

/* The object behind a number that a field held. */
MV_INLINE void mv_arena *mv_kptr_obj(unsigned long long kptr)
{
	return (void mv_arena *)(unsigned long long)(unsigned int)kptr;
}

/*
 * Puts a pointer into a field of a map's value or of the arena, `Kptr<T, Local>` in Rust, and takes
 * the one that was there. The field is declared as a number or, as in a header that is generated
 * from the Rust type, as a pointer.
 */
#define mv_kptr_xchg(field, kptr)                                                                                      \
	((unsigned long long)__sync_lock_test_and_set(field, (__typeof__(0, *(field)))(kptr)))

#endif
