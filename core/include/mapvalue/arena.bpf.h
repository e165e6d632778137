/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lists and hash tables in a BPF arena, for BPF programs: the C side of mapvalue's `ArenaList` and
 * `ArenaHashMap`, which read and change the same memory from Rust.
 *
 * Needs clang 19 or newer (-mcpu=v3 is enough) and Linux 6.9 or newer. It goes with vmlinux.h and
 * with linux/bpf.h. A build script passes `mapvalue::INCLUDE_DIR` to the compiler by -I.
 *
 * Concurrency:
 *
 * - Only one writer at a time, on either side, may change a list or a table. Nothing here locks.
 *   (User space cannot hold a BPF spin lock.) Several programs or CPUs that write take a lock of
 *   their own, or write at different times.
 * - Any number of readers, on both sides, may walk beside the writer. They may miss an element that
 *   is being added or removed, or see one that is already gone. If the element that a reader stands
 *   on is removed, its walk ends.
 * - Each page must exist before a program writes to it: a store to an absent page is lost silently.
 *   User space that allocates touches the page first (`Arena::prefault`).
 * - The memory of a removed element can be used again at once. A reader that still stands on it
 *   then reads the new contents.
 *
 * After a writer in user space has died, its successor calls `repair` before any program changes
 * the list or table. `mv_list_del` refuses an element whose back pointer is wrong; such an element
 * must not be linked again.
 *
 * An element is written first and linked last, by `mv_store_release`. That pairs with the acquire
 * loads by which a walk in Rust follows pointers. Walks in BPF rely on the address dependency, as
 * readers under RCU do. Define __TARGET_ARCH_x86 where you can (see order.bpf.h): an insertion then
 * takes 1.3 ns instead of 2.9.
 */
#ifndef MAPVALUE_ARENA_BPF_H
#define MAPVALUE_ARENA_BPF_H

#include "order.bpf.h"

#ifndef __BPF_FEATURE_ADDR_SPACE_CAST
#error "mapvalue/arena.bpf.h needs a compiler for BPF that knows arenas: clang 19 or newer, with -target bpf"
#endif

/* Marks a pointer's target as in the arena: `struct flow mv_arena *f` points to a flow there. */
#define mv_arena __attribute__((address_space(1)))

#define MV_INLINE static inline __attribute__((always_inline, unused))

/* The element of type `type` that holds `node` as its member `member`. */
#define mv_entry(node, type, member) mv_entry_at(node, type mv_arena *, member)
#define mv_entry_at(node, pointer_type, member)                                                                        \
	((pointer_type)((char mv_arena *)(node) - __builtin_offsetof(__typeof__(*(pointer_type)0), member)))

/*
 * 1 while the program may loop. The verifier accepts any loop that calls this in each round. The
 * kernel ends it after 8 million rounds, or after a quarter of a second where it measures time.
 */
MV_INLINE int mv_may_loop(void)
{
	asm goto("may_goto %l[enough]" : : : : enough);
	return 1;
enough:
	return 0;
}

/* ---------------------------------------------------------------------------------------- lists */

/* The place of an element in a list. A node of zeros is in no list. */
struct mv_list_node {
	struct mv_list_node mv_arena *next;
	/* The pointer that points here: the head's `first`, or another node's `next`. */
	struct mv_list_node mv_arena *mv_arena *pprev;
};

/* A list. All zeros is an empty list. */
struct mv_list_head {
	struct mv_list_node mv_arena *first;
};

/*
 * The pointers of a removed node. (In an arena with BPF_F_NO_USER_CONV, where pointers may be
 * stored as their low 32 bits, no node can be at 0x100.)
 */
#define MV_REMOVED_NEXT 0x100ULL
#define MV_REMOVED_PPREV 0x122ULL

/* Empties the list. Its elements are not touched. */
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
 * A program that dies in the middle leaves a list that can be walked. If it dies between the last
 * two steps, the `pprev` of the second element is wrong. `mv_list_del` notices that, and
 * `ArenaList::repair` in Rust repairs it.
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
 * Removes `node` from its list. Returns 1, or 0 if it was in no list and nothing was changed.
 *
 * As in `mv_list_add_head`, a death in the middle leaves a list that can be walked, and no wrong
 * `pprev` goes unnoticed.
 */
MV_INLINE int mv_list_del(struct mv_list_node mv_arena *node)
{
	struct mv_list_node mv_arena *next = node->next;
	struct mv_list_node mv_arena *mv_arena *pprev = node->pprev;

	/* The low halves are the place in the arena; the high ones may differ (BPF_F_NO_USER_CONV). */
	if (!pprev || (unsigned int)(unsigned long long)*pprev != (unsigned int)(unsigned long long)node)
		return 0;
	if (next)
		next->pprev = pprev;
	mv_store_release(pprev, next);
	/*
	 * Volatile stores, or the compiler would leave them out where the node is linked again at once.
	 * Readers may stand on the node.
	 */
	mv_store(&node->next, (struct mv_list_node mv_arena *)MV_REMOVED_NEXT);
	mv_store(&node->pprev, (struct mv_list_node mv_arena *mv_arena *)MV_REMOVED_PPREV);
	return 1;
}

/*
 * for (each element `at` of the list). `at` is a variable of yours, a pointer to the type of the
 * elements; `member` is the node in that type. The body may remove `at`, but no other element. The
 * walk ends early at the kernel's limit (`mv_may_loop`), and at an element that another writer
 * removes.
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

/* --------------------------------------------------------------------------------------- hashes */

/*
 * The hashes of keys, as `mapvalue::ArenaHash` computes them. They contain no secret: whoever
 * chooses the keys can choose many with one hash.
 */

/* Mixes the bits: a change of one bit changes about half of all bits. */
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

/* Also for narrower integers, which C widens to 32 bits. */
MV_INLINE unsigned int mv_hash_u32(unsigned int key)
{
	return mv_hash_u64(key);
}

/* Hashes 8 bytes at a time, the first byte least significant; zeros pad the last word. */
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

/*
 * The hash of a string of fixed length or a struct without padding, on the stack or in a map. `len`
 * is a constant.
 */
MV_INLINE unsigned int mv_hash_bytes(const void *key, unsigned int len)
{
	const unsigned char *bytes = key;

	MV_HASH_BYTES(bytes, len);
}

/* The same for a key in the arena. */
MV_INLINE unsigned int mv_hash_arena_bytes(const void mv_arena *key, unsigned int len)
{
	const unsigned char mv_arena *bytes = key;

	MV_HASH_BYTES(bytes, len);
}

/* --------------------------------------------------------------------------------------- tables */

/* A hash table: an array of lists, indexed by hash. */
struct mv_table {
	struct mv_list_head mv_arena *buckets;
	/* A power of two. */
	int n_buckets;
};

/*
 * Makes an empty table of `n` buckets, which lie side by side in memory that was all zeros. Returns
 * 0 unless `n` is a power of two.
 */
MV_INLINE int mv_table_init(struct mv_table mv_arena *table, struct mv_list_head mv_arena *buckets, int n)
{
	if (n <= 0 || (n & (n - 1)))
		return 0;
	table->n_buckets = n;
	mv_store_release(&table->buckets, buckets);
	return 1;
}

/*
 * The list for elements with this hash, or NULL if the table is not set up yet. (Both words change
 * once, from zero, so their order does not matter: once both are seen, they belong together.)
 */
MV_INLINE struct mv_list_head mv_arena *mv_table_bucket(struct mv_table mv_arena *table, unsigned int hash)
{
	struct mv_list_head mv_arena *buckets = mv_load(&table->buckets);
	int n = mv_load(&table->n_buckets);

	return buckets && n > 0 ? buckets + (hash & (unsigned int)(n - 1)) : (struct mv_list_head mv_arena *)0;
}

/*
 * Copies `*from` to `*to`, a place of the same type in the arena, in units of the type's alignment.
 * Clang 19 compiles the assignment of a struct to stores that the verifier refuses, since it leaves
 * out the conversion of their address.
 */
#define mv_copy(to, from)                                                                                              \
	do {                                                                                                           \
		_Static_assert(sizeof(*(to)) == sizeof(*(from)), "a copy has the size of the original");               \
		if (_Alignof(__typeof__(*(from))) >= 8)                                                                \
			MV_COPY_UNITS(mv_unit_8, to, from);                                                            \
		else if (_Alignof(__typeof__(*(from))) == 4)                                                           \
			MV_COPY_UNITS(mv_unit_4, to, from);                                                            \
		else if (_Alignof(__typeof__(*(from))) == 2)                                                           \
			MV_COPY_UNITS(mv_unit_2, to, from);                                                            \
		else                                                                                                   \
			MV_COPY_UNITS(mv_unit_1, to, from);                                                            \
	} while (0)

#define MV_COPY_UNITS(unit, to, from)                                                                                  \
	_Pragma("clang loop unroll(full)") for (unsigned int mv_i = 0; mv_i < sizeof(*(from)) / sizeof(unit); mv_i++)  \
		((volatile unit mv_arena *)(to))[mv_i] = ((const unit *)(from))[mv_i]

typedef unsigned long long __attribute__((may_alias)) mv_unit_8;
typedef unsigned int __attribute__((may_alias)) mv_unit_4;
typedef unsigned short __attribute__((may_alias)) mv_unit_2;
typedef unsigned char __attribute__((may_alias)) mv_unit_1;

/*
 * MV_TABLE(name, key_type, value_type, hash_of, equal) declares a table's elements and functions:
 *
 *	struct name { int hash; key_type key; value_type value; struct mv_list_node node; };
 *
 *	struct name mv_arena *name_find(table, key)	the element with the key, or NULL
 *	int name_insert(table, element, key, value)	1: linked `element`, which was in no table
 *							0: the key existed and has the new value; `element` is unused
 *							-1: no change: the list is broken or too long, or the
 *							table is not set up
 *	int name_insert_from(table, element, key, &value)	the same without a second copy of the value on the
 *							stack, which has 512 bytes
 *	struct name mv_arena *name_remove(table, key)	unlinks the element; its memory is yours
 *
 * `hash_of(key)` is a function or macro of one `key_type`, `equal(a, b)` of two. For integers use
 * MV_TABLE_OF_INTS. In Rust the table is an `ArenaHashMap<Key, Value>`, if `hash_of` is the same as
 * `ArenaHash` of the key.
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
		*found = (struct name mv_arena *)0;                                                                    \
		if (!bucket)                                                                                           \
			return 0;                                                                                      \
		for (node = mv_load(&bucket->first); mv_list_may_visit(node); node = mv_load(&node->next)) {           \
			struct name mv_arena *at = mv_entry(node, struct name, node);                                  \
                                                                                                                       \
			if ((unsigned int)at->hash == hash && equal(at->key, key)) {                                   \
				*found = at;                                                                           \
				return 1;                                                                              \
			}                                                                                              \
		}                                                                                                      \
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
	MV_INLINE int name##_insert_from(struct mv_table mv_arena *table, struct name mv_arena *element, key_type key, \
					 const value_type *value)                                                      \
	{                                                                                                              \
		unsigned int hash = hash_of(key);                                                                      \
		struct mv_list_head mv_arena *bucket = mv_table_bucket(table, hash);                                   \
		struct name mv_arena *found;                                                                           \
                                                                                                                       \
		if (!name##_look(bucket, hash, key, &found))                                                           \
			return -1;                                                                                     \
		if (found) {                                                                                           \
			mv_copy(&found->value, value);                                                                 \
			return 0;                                                                                      \
		}                                                                                                      \
		element->hash = (int)hash;                                                                             \
		mv_copy(&element->key, &key);                                                                          \
		mv_copy(&element->value, value);                                                                       \
		mv_list_add_head(&element->node, bucket);                                                              \
		return 1;                                                                                              \
	}                                                                                                              \
                                                                                                                       \
	MV_INLINE int name##_insert(struct mv_table mv_arena *table, struct name mv_arena *element, key_type key,      \
				    value_type value)                                                                  \
	{                                                                                                              \
		return name##_insert_from(table, element, key, &value);                                                \
	}                                                                                                              \
                                                                                                                       \
	MV_INLINE struct name mv_arena *name##_remove(struct mv_table mv_arena *table, key_type key)                   \
	{                                                                                                              \
		struct name mv_arena *found = name##_find(table, key);                                                 \
                                                                                                                       \
		return found && mv_list_del(&found->node) ? found : (struct name mv_arena *)0;                         \
	}                                                                                                              \
	_Static_assert(1, "for the semicolon")

/* A table with integer keys. `hash_of` is mv_hash_u32 for up to 32 bits, and mv_hash_u64 for 64. */
#define MV_TABLE_OF_INTS(name, key_type, value_type, hash_of) MV_TABLE(name, key_type, value_type, hash_of, mv_ints_equal)
#define mv_ints_equal(a, b) ((a) == (b))

/*
 * for (each list `bucket` of the table). Walk its elements with mv_list_for_each:
 *
 *	mv_table_for_each_bucket(bucket, table)
 *		mv_list_for_each(at, bucket, node)
 *			sum += at->value;
 */
#define mv_table_for_each_bucket(bucket, table)                                                                        \
	for (int mv_i = 0; mv_i < mv_load(&(table)->n_buckets) && mv_may_loop() &&                                      \
			   ((bucket) = mv_table_bucket(table, (unsigned int)mv_i));                                     \
	     mv_i++)

#endif /* MAPVALUE_ARENA_BPF_H */
