/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lists and hash tables in a BPF arena, for BPF programs: the C side of `ArenaList` and `ArenaHashMap` of the Rust crate
 * mapvalue, which reads and changes the same memory.
 *
 * Needs clang 19 or newer (-mcpu=v3 does) and Linux 6.9 or newer. It goes with vmlinux.h and with linux/bpf.h. The folder to give to
 * the compiler by -I is `mapvalue::INCLUDE_DIR` in a build script.
 *
 * Who may do what at the same time:
 *
 * - One writer at a time changes a list or a table, whichever side it is on. Nothing here locks. (A BPF spin lock cannot be held
 *   by user space.) Where several programs, or several CPUs, write, they take a lock of their own, or write at different times.
 * - Any number of readers walk beside the writer, on both sides. They may miss what is being added or removed, or see it
 *   although it is already gone; an element that is removed while they stand on it ends their walk.
 * - Each page must be there before a program writes to it: what it stores to an absent one is lost without a word. Who allocates
 *   in user space touches the page first (`Arena::prefault`).
 * - Memory of a removed element can be used again at once, but a reader may still stand on it: it then reads the new
 *   contents.
 *
 * After a writer of user space has died, its successor calls `repair` before any program changes the list or table: `mv_list_del`
 * refuses an element whose back pointer is wrong, and that is not to be linked again.
 *
 * An element is written first and linked last, by `mv_store_release`, which pairs with the acquire load that a walk in Rust
 * follows pointers by. Walks in BPF rely on the address dependency, as code that reads under RCU does. (Say -D__TARGET_ARCH_x86 where
 * you can: see order.bpf.h. An insertion is then 1.3 ns instead of 2.9.)
 */
#ifndef MAPVALUE_ARENA_BPF_H
#define MAPVALUE_ARENA_BPF_H

#include "order.bpf.h"

#ifndef __BPF_FEATURE_ADDR_SPACE_CAST
#error "mapvalue/arena.bpf.h needs a compiler for BPF that knows arenas: clang 19 or newer, with -target bpf"
#endif

/* Of a pointer's target: it lies in the arena. `struct flow mv_arena *f` is a pointer to a flow there. */
#define mv_arena __attribute__((address_space(1)))

#define MV_INLINE static inline __attribute__((always_inline, unused))

/* The element of type `type` that holds `node` as its member `member`. */
#define mv_entry(node, type, member) mv_entry_at(node, type mv_arena *, member)
#define mv_entry_at(node, pointer_type, member)                                                                        \
	((pointer_type)((char mv_arena *)(node) - __builtin_offsetof(__typeof__(*(pointer_type)0), member)))

/*
 * 1 as long as the program may go on looping. The verifier takes any loop that asks this each time round. The kernel says
 * no after 8 million times (or, where it measures time, a quarter of a second): a longer walk ends early.
 */
MV_INLINE int mv_may_loop(void)
{
	asm goto("may_goto %l[enough]" : : : : enough);
	return 1;
enough:
	return 0;
}

/* ---------------------------------------------------------------------------------------------------------------- lists */

/* In an element: its place in a list. Zeros are a node in no list. */
struct mv_list_node {
	struct mv_list_node mv_arena *next;
	/* The pointer that points here: the head's `first`, or another node's `next`. */
	struct mv_list_node mv_arena *mv_arena *pprev;
};

/* A list. Zeros are an empty one. */
struct mv_list_head {
	struct mv_list_node mv_arena *first;
};

/*
 * What the pointers of a removed node hold. (In an arena with BPF_F_NO_USER_CONV, where pointers may be stored as their low 32
 * bits, no node can be at 0x100.)
 */
#define MV_REMOVED_NEXT 0x100ULL
#define MV_REMOVED_PPREV 0x122ULL

/* Makes the list empty. What it held is not touched. */
MV_INLINE void mv_list_init(struct mv_list_head mv_arena *head)
{
	head->first = (struct mv_list_node mv_arena *)0;
}

MV_INLINE int mv_list_is_empty(struct mv_list_head mv_arena *head)
{
	return !mv_load(&head->first);
}

/*
 * Links `node`, which is in no list, as the first of the list.
 *
 * A program that dies in the middle leaves a list that can be walked. If it dies between the last two steps, the `pprev` of the
 * second element is wrong; `mv_list_del` notices, and `ArenaList::repair` of the Rust side mends it.
 */
MV_INLINE void mv_list_add_head(struct mv_list_node mv_arena *node, struct mv_list_head mv_arena *head)
{
	struct mv_list_node mv_arena *second = head->first;

	node->next = second;
	node->pprev = &head->first;
	mv_store_release(&head->first, node);
	if (second)
		second->pprev = &node->next;
}

/*
 * Takes `node` out of the list that it is in. 1 if it was in one; if not, 0, and nothing is changed.
 *
 * As in `mv_list_add_head`, a death in the middle leaves a list that can be walked, and no wrong `pprev` that goes unnoticed.
 */
MV_INLINE int mv_list_del(struct mv_list_node mv_arena *node)
{
	struct mv_list_node mv_arena *next = node->next;
	struct mv_list_node mv_arena *mv_arena *pprev = node->pprev;

	/* The low halves tell the place in the arena; the high ones may differ (BPF_F_NO_USER_CONV). */
	if (!pprev || (unsigned int)(unsigned long long)*pprev != (unsigned int)(unsigned long long)node)
		return 0;
	if (next)
		next->pprev = pprev;
	mv_store_release(pprev, next);
	/* Also where the node is linked again at once, and the compiler would leave it out: readers may stand on it. */
	mv_store(&node->next, (struct mv_list_node mv_arena *)MV_REMOVED_NEXT);
	mv_store(&node->pprev, (struct mv_list_node mv_arena *mv_arena *)MV_REMOVED_PPREV);
	return 1;
}

/*
 * for (each element `at` of the list). `at` is a variable of yours, a pointer to the type of the elements, of which `member` is the
 * node. The body may remove `at`, but no other element. The walk ends early when the kernel says that it is long enough
 * (`mv_may_loop`), and when it stands on an element that somebody else removes.
 */
#define mv_list_for_each(at, head, member)                                                                             \
	for (struct mv_list_node mv_arena *mv_node = mv_load(&(head)->first), *mv_next = 0;                             \
	     mv_list_may_visit(mv_node) &&                                                                             \
	     ((at) = mv_entry_at(mv_node, __typeof__(at), member), mv_next = mv_load(&mv_node->next), 1);               \
	     mv_node = mv_next)

MV_INLINE int mv_list_may_visit(struct mv_list_node mv_arena *node)
{
	return node && (unsigned long long)node != MV_REMOVED_NEXT && mv_may_loop();
}

/* --------------------------------------------------------------------------------------------------------------- hashes */

/*
 * The hashes of keys, as `mapvalue::ArenaHash` has them. There is no secret in them: who chooses keys can choose many of one hash.
 */

/* Changes about half of all bits for each bit that changes. */
MV_INLINE unsigned long long mv_hash_mix(unsigned long long bits)
{
	bits ^= bits >> 32;
	bits *= 0x9e3779b97f4a7c15ULL;
	bits ^= bits >> 29;
	bits *= 0xbf58476d1ce4e5b9ULL;
	return bits ^ bits >> 32;
}

MV_INLINE unsigned int mv_hash_u64(unsigned long long key)
{
	return (unsigned int)mv_hash_mix(key);
}

/* Of a narrower integer as well, which C widens to this one. */
MV_INLINE unsigned int mv_hash_u32(unsigned int key)
{
	return mv_hash_u64(key);
}

/* Eight bytes at a time, the first the least significant; of the last ones, zeros stand for what is missing. */
#define MV_HASH_BYTES(bytes, len)                                                                                      \
	do {                                                                                                           \
		unsigned long long hash = (len);                                                                       \
                                                                                                                       \
		for (unsigned int at = 0; at < (len); at += 8) {                                                       \
			unsigned long long word = 0;                                                                   \
                                                                                                                       \
			for (unsigned int i = 0; i < 8; i++)                                                           \
				if (at + i < (len))                                                                    \
					word |= (unsigned long long)(bytes)[at + i] << 8 * i;                          \
			hash = mv_hash_mix(hash ^ word);                                                               \
		}                                                                                                      \
		return (unsigned int)hash;                                                                             \
	} while (0)

/* Of a string of fixed length or a struct without padding, on the stack or in a map. `len` is a constant. */
MV_INLINE unsigned int mv_hash_bytes(const void *key, unsigned int len)
{
	const unsigned char *bytes = key;

	MV_HASH_BYTES(bytes, len);
}

/* Of the same in the arena. */
MV_INLINE unsigned int mv_hash_arena_bytes(const void mv_arena *key, unsigned int len)
{
	const unsigned char mv_arena *bytes = key;

	MV_HASH_BYTES(bytes, len);
}

/* --------------------------------------------------------------------------------------------------------------- tables */

/* A hash table: lists by hash. */
struct mv_table {
	struct mv_list_head mv_arena *buckets;
	/* A power of two. */
	int n_buckets;
};

/* Makes an empty table of `n` buckets, which lie side by side in memory that was all zeros. 0 unless `n` is a power of two. */
MV_INLINE int mv_table_init(struct mv_table mv_arena *table, struct mv_list_head mv_arena *buckets, int n)
{
	if (n <= 0 || (n & (n - 1)))
		return 0;
	table->n_buckets = n;
	mv_store_release(&table->buckets, buckets);
	return 1;
}

/* The list that an element with this hash is in. */
MV_INLINE struct mv_list_head mv_arena *mv_table_bucket(struct mv_table mv_arena *table, unsigned int hash)
{
	return mv_load(&table->buckets) + (hash & (unsigned int)(mv_load(&table->n_buckets) - 1));
}

/*
 * MV_TABLE(name, key_type, value_type, hash_of, equal) writes the elements of a table and what is done with them:
 *
 *	struct name { int hash; key_type key; value_type value; struct mv_list_node node; };
 *
 *	struct name mv_arena *name_find(table, key)		the element with the key, or NULL
 *	int name_insert(table, element, key, value)		1: `element`, which is in no table, is linked with that key and value;
 *								0: the key was there, and has the value now, so `element` was not needed;
 *								-1: its list is too long to be looked through, or broken: nothing is changed
 *	struct name mv_arena *name_remove(table, key)		takes the element with the key out of the table: its memory is yours
 *
 * `hash_of(key)` is a function or macro of a `key_type`, `equal(a, b)` of two. With integers: MV_TABLE_OF_INTS. In Rust it is an
 * `ArenaHashMap<Key, Value>`, if `hash_of` is the same as `ArenaHash` of the key.
 */
#define MV_TABLE(name, key_type, value_type, hash_of, equal)                                                           \
	struct name {                                                                                                  \
		int hash;                                                                                              \
		key_type key;                                                                                          \
		value_type value;                                                                                      \
		struct mv_list_node node;                                                                              \
	};                                                                                                             \
                                                                                                                       \
	/* 1 unless the walk was cut short. */                                                                         \
	MV_INLINE int name##_look(struct mv_list_head mv_arena *bucket, unsigned int hash, key_type key,               \
				  struct name mv_arena **found)                                                        \
	{                                                                                                              \
		struct mv_list_node mv_arena *node;                                                                    \
                                                                                                                       \
		for (node = mv_load(&bucket->first); mv_list_may_visit(node); node = mv_load(&node->next)) {           \
			struct name mv_arena *at = mv_entry(node, struct name, node);                                  \
                                                                                                                       \
			if ((unsigned int)at->hash == hash && equal(at->key, key)) {                                   \
				*found = at;                                                                           \
				return 1;                                                                              \
			}                                                                                              \
		}                                                                                                      \
		*found = (struct name mv_arena *)0;                                                                    \
		return !node;                                                                                          \
	}                                                                                                              \
                                                                                                                       \
	MV_INLINE struct name mv_arena *name##_find(struct mv_table mv_arena *table, key_type key)                     \
	{                                                                                                              \
		unsigned int hash = hash_of(key);                                                                      \
		struct name mv_arena *found;                                                                           \
                                                                                                                       \
		name##_look(mv_table_bucket(table, hash), hash, key, &found);                                          \
		return found;                                                                                          \
	}                                                                                                              \
                                                                                                                       \
	MV_INLINE int name##_insert(struct mv_table mv_arena *table, struct name mv_arena *element, key_type key,      \
				    value_type value)                                                                  \
	{                                                                                                              \
		unsigned int hash = hash_of(key);                                                                      \
		struct mv_list_head mv_arena *bucket = mv_table_bucket(table, hash);                                   \
		struct name mv_arena *found;                                                                           \
                                                                                                                       \
		if (!name##_look(bucket, hash, key, &found))                                                           \
			return -1;                                                                                     \
		if (found) {                                                                                           \
			found->value = value;                                                                          \
			return 0;                                                                                      \
		}                                                                                                      \
		element->hash = (int)hash;                                                                             \
		element->key = key;                                                                                    \
		element->value = value;                                                                                \
		mv_list_add_head(&element->node, bucket);                                                              \
		return 1;                                                                                              \
	}                                                                                                              \
                                                                                                                       \
	MV_INLINE struct name mv_arena *name##_remove(struct mv_table mv_arena *table, key_type key)                   \
	{                                                                                                              \
		struct name mv_arena *found = name##_find(table, key);                                                 \
                                                                                                                       \
		return found && mv_list_del(&found->node) ? found : (struct name mv_arena *)0;                         \
	}                                                                                                              \
	_Static_assert(1, "for the semicolon")

/* A table whose keys are integers. `hash_of` is mv_hash_u32 for up to 32 bits, mv_hash_u64 for 64. */
#define MV_TABLE_OF_INTS(name, key_type, value_type, hash_of) MV_TABLE(name, key_type, value_type, hash_of, mv_ints_equal)
#define mv_ints_equal(a, b) ((a) == (b))

/*
 * for (each list `bucket` of the table), in which mv_list_for_each finds the elements:
 *
 *	mv_table_for_each_bucket(bucket, table)
 *		mv_list_for_each(at, bucket, node)
 *			sum += at->value;
 */
#define mv_table_for_each_bucket(bucket, table)                                                                        \
	for (int mv_i = 0; mv_i < mv_load(&(table)->n_buckets) && mv_may_loop() &&                                      \
			   ((bucket) = mv_load(&(table)->buckets) + mv_i, 1);                                           \
	     mv_i++)

#endif /* MAPVALUE_ARENA_BPF_H */
