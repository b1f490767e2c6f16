/* Lays a 2-D typed memoryview over memory that the caller owns. Acquiring one
 * through the buffer protocol takes 90 to 240 ns, more than a small addition; a
 * laid one has no owner, and Cython does not count references for it.
 *
 * The view is named by its strides field, because Cython hands an extern function
 * no memoryview of a fused type. */
#ifndef FASTADD_LAY_H
#define FASTADD_LAY_H

#include <stddef.h>

#define FASTADD_LAY(view_strides, pointer, stride0, stride1)                         \
    (((__Pyx_memviewslice *)((char *)(view_strides) -                                \
                             offsetof(__Pyx_memviewslice, strides)))->data = (pointer), \
     (view_strides)[0] = (stride0), (view_strides)[1] = (stride1))

/* In a loop over strided elements: GCC would fetch them into vectors one by one, which
 * takes as long as to compute them so, and ten times as much code. */
#if defined(__GNUC__)
#define FASTADD_ONE_BY_ONE() __asm__ volatile("")
#else
#define FASTADD_ONE_BY_ONE() ((void)0)
#endif

#endif
