/* Objects that all threads use. */
#ifndef FASTADD_SHARED_H
#define FASTADD_SHARED_H

#include <Python.h>
#ifdef _MSC_VER
#include <intrin.h>
#endif

/* In free-threaded Python two threads that call one function write its reference count by
 * turns: at n = 10 they were slower than one (0.8 of its calls; 2 without). The functions
 * of a module live as long as the process, and need no count. (PyUnstable_SetImmortal,
 * from 3.15 on, is the same.) */
static inline void fastadd_uncount(PyObject *object) {
#if defined(Py_GIL_DISABLED) && defined(_MSC_VER)
    _InterlockedExchange((volatile long *)&object->ob_ref_local, -1); /* UINT32_MAX */
#elif defined(Py_GIL_DISABLED)
    __atomic_store_n(&object->ob_ref_local, UINT32_MAX, __ATOMIC_RELAXED);
#else
    (void)object;
#endif
}

#endif
