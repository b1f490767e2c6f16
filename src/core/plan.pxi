# Where in memory: broadcasting, the order of the axes, and overlap, worked out in C
# on shapes and strides alone. A plan ends as few axes as possible, outermost first,
# so that a contiguous call of any rank is one row.
# Uses: native.

from libc.stdlib cimport llabs

cdef enum:
    MAX_NDIM = 64 + 1  # NumPy's own limit, and one for the parts of complex numbers
    LINE = 64  # bytes of a cache line

cdef struct plan_t:
    int ndim
    int inputs  # how many, from A on
    int operands  # they, out and a mask, if there is one
    Py_ssize_t shape[MAX_NDIM]
    Py_ssize_t strides[MOST_OPERANDS][MAX_NDIM]
    char* data[MOST_OPERANDS]
    Py_ssize_t itemsize[MOST_OPERANDS]


cdef void begin_plan(plan_t* plan, int ndim, int inputs) noexcept nogil:
    cdef int axis
    plan.inputs = inputs
    plan.operands = inputs + 1
    plan.ndim = ndim
    for axis in range(ndim):
        plan.shape[axis] = 1


cdef bint broadcast_operand(
    plan_t* plan, int operand, char* data, Py_ssize_t itemsize,
    int ndim, const Py_ssize_t* shape, const Py_ssize_t* strides, bint may_grow,
) noexcept nogil:
    """Add an operand to the plan: False if it does not broadcast to the plan's shape
    (nor, where the shape may grow, the plan's shape to it)."""
    cdef int axis, missing = plan.ndim - ndim
    cdef Py_ssize_t* own = plan.strides[operand]
    if missing < 0:
        return False
    plan.data[operand] = data
    plan.itemsize[operand] = itemsize
    for axis in range(missing):
        own[axis] = 0
    for axis in range(ndim):
        own[missing + axis] = 0
        if shape[axis] == 1:
            continue
        if shape[axis] != plan.shape[missing + axis]:
            if not may_grow or plan.shape[missing + axis] != 1:
                return False
            plan.shape[missing + axis] = shape[axis]
        own[missing + axis] = strides[axis]
    return True


cdef inline bint precedes(const plan_t* plan, int x, int y) noexcept nogil:
    """Whether axis y, now the outer one, belongs inside axis x: NumPy's order="K".
    Operands that disagree leave the axes in C order."""
    cdef int operand
    cdef bint smaller = False
    cdef Py_ssize_t sx, sy
    for operand in range(A, plan.operands):
        sx = plan.strides[operand][x]
        sy = plan.strides[operand][y]
        if sx != 0 and sy != 0:
            if llabs(sy) >= llabs(sx):
                return False
            smaller = True
    return smaller


cdef inline bint comparable(const plan_t* plan, int x, int y) noexcept nogil:
    cdef int operand
    for operand in range(A, plan.operands):
        if plan.strides[operand][x] != 0 and plan.strides[operand][y] != 0:
            return True
    return False


cdef void keep_order(const plan_t* plan, int* order) noexcept nogil:
    """The axes, outermost first, in the memory order of a fresh result. An insertion
    sort, because `comparable` is not transitive and NumPy's answer is the one that
    its insertion sort gives."""
    cdef int i, j, place, axis
    for i in range(plan.ndim):
        order[i] = i
    for i in range(plan.ndim - 2, -1, -1):
        axis = order[i]
        place = i
        for j in range(i + 1, plan.ndim):
            if comparable(plan, axis, order[j]):
                if not precedes(plan, order[j], axis):
                    break
                place = j
        for j in range(i, place):
            order[j] = order[j + 1]
        order[place] = axis


cdef void lay_out(plan_t* plan, const int* order, Py_ssize_t itemsize) noexcept nogil:
    """Give a fresh result its strides."""
    cdef int i
    cdef Py_ssize_t stride = itemsize
    plan.itemsize[OUT] = itemsize
    for i in range(plan.ndim - 1, -1, -1):
        plan.strides[OUT][order[i]] = stride
        stride *= max(plan.shape[order[i]], 1)


cdef void sort_axes(plan_t* plan) noexcept nogil:
    """Drop axes of length 1 and sort the others by the stride of out, which is made
    positive: what is reversed in every operand is a plain row."""
    cdef int i, j, operand, ndim = 0
    cdef Py_ssize_t length
    cdef Py_ssize_t[MOST_OPERANDS] moved
    for i in range(plan.ndim):
        length = plan.shape[i]
        if length == 1:
            continue
        for operand in range(plan.operands):
            moved[operand] = plan.strides[operand][i]
        if moved[OUT] < 0 and length > 0:
            for operand in range(plan.operands):
                plan.data[operand] += (length - 1) * moved[operand]
                moved[operand] = -moved[operand]
        j = ndim
        while j > 0 and llabs(plan.strides[OUT][j - 1]) < llabs(moved[OUT]):
            plan.shape[j] = plan.shape[j - 1]
            for operand in range(plan.operands):
                plan.strides[operand][j] = plan.strides[operand][j - 1]
            j -= 1
        plan.shape[j] = length
        for operand in range(plan.operands):
            plan.strides[operand][j] = moved[operand]
        ndim += 1
    plan.ndim = ndim


cdef inline bint is_one_run(const plan_t* plan, int outer, int inner) noexcept nogil:
    """Whether two axes are one run of memory in every operand."""
    cdef int operand
    for operand in range(plan.operands):
        if (
            plan.strides[operand][outer]
            != plan.shape[inner] * plan.strides[operand][inner]
        ):
            return False
    return True


cdef inline void place_axis(
    plan_t* plan, int axis, int last, bint merge
) noexcept nogil:
    """Merge an axis into the last of those that have their place, or place it after."""
    cdef int operand, place = last if merge else last + 1
    plan.shape[place] = plan.shape[axis] * (plan.shape[last] if merge else 1)
    for operand in range(plan.operands):
        plan.strides[operand][place] = plan.strides[operand][axis]
    plan.ndim = place + 1


cdef void coalesce(plan_t* plan) noexcept nogil:
    """Drop axes of length 1, sort the others by the stride of out, and merge those
    that are one run of memory in every operand."""
    sort_axes(plan)
    merge_axes(plan)


cdef void merge_axes(plan_t* plan) noexcept nogil:
    """Those that are one run of memory in every operand."""
    cdef int axis, ndim = plan.ndim
    plan.ndim = min(ndim, 1)
    for axis in range(1, ndim):
        place_axis(plan, axis, plan.ndim - 1, is_one_run(plan, plan.ndim - 1, axis))


cdef Py_ssize_t size_of(const plan_t* plan) noexcept nogil:
    cdef int axis
    cdef Py_ssize_t size = 1
    for axis in range(plan.ndim):
        size *= plan.shape[axis]
    return size


cdef Py_ssize_t footprint(const plan_t* plan, int operand) noexcept nogil:
    """Bytes that an operand has in memory, broadcast axes counted once."""
    cdef int axis
    cdef Py_ssize_t size = plan.itemsize[operand]
    for axis in range(plan.ndim):
        if plan.strides[operand][axis] != 0:
            size *= plan.shape[axis]
    return size


cdef int nearest(const plan_t* plan, int operand) noexcept nogil:
    """The axis along which an operand's neighbours in memory lie."""
    cdef int axis, near = plan.ndim - 1
    for axis in range(plan.ndim - 2, -1, -1):
        if (
            plan.strides[operand][axis] != 0
            and llabs(plan.strides[operand][axis]) < llabs(plan.strides[operand][near])
        ):
            near = axis
    return near


cdef inline bint is_spaced(const plan_t* plan, int operand) noexcept nogil:
    """Whether an operand is every second to fourth element, as a channel is."""
    cdef int row = plan.ndim - 1
    cdef Py_ssize_t stride = plan.strides[operand][row]
    cdef Py_ssize_t itemsize = plan.itemsize[operand]
    return stride in (2 * itemsize, 3 * itemsize, 4 * itemsize)


cdef void move_axis(plan_t* plan, int axis, int place) noexcept nogil:
    """Move an axis inwards."""
    cdef int i, operand
    cdef Py_ssize_t length = plan.shape[axis], stride
    for i in range(axis, place):
        plan.shape[i] = plan.shape[i + 1]
    plan.shape[place] = length
    for operand in range(plan.operands):
        stride = plan.strides[operand][axis]
        for i in range(axis, place):
            plan.strides[operand][i] = plan.strides[operand][i + 1]
        plan.strides[operand][place] = stride


cdef void bounds(
    const plan_t* plan, int operand, char** low, char** high
) noexcept nogil:
    cdef int axis
    cdef Py_ssize_t reach
    low[0] = plan.data[operand]
    high[0] = plan.data[operand] + plan.itemsize[operand]
    for axis in range(plan.ndim):
        reach = (plan.shape[axis] - 1) * plan.strides[operand][axis]
        if reach < 0:
            low[0] += reach
        else:
            high[0] += reach


cdef bint out_is_simple(const plan_t* plan) noexcept nogil:
    """Whether the elements of out certainly lie apart from one another: each axis
    steps over all that the axes inside it reach. The plan is coalesced, so sorted."""
    cdef int axis
    cdef Py_ssize_t reach = plan.itemsize[OUT]
    for axis in range(plan.ndim - 1, -1, -1):
        if llabs(plan.strides[OUT][axis]) < reach:
            return False
        reach += (plan.shape[axis] - 1) * llabs(plan.strides[OUT][axis])
    return True


cdef bint may_meet(const plan_t* plan, int first, Py_ssize_t offset) noexcept nogil:
    """Whether two elements can share a byte of two views with the strides of out, of
    which one lies `offset` bytes after the other, by the axes from `first` on. Each
    axis steps over all that the axes inside it reach, so that of its steps two come
    into question: columns, channels and every other row are told apart in some."""
    cdef int axis
    cdef Py_ssize_t reach = plan.itemsize[OUT], stride, steps, rest
    if first == plan.ndim:
        return llabs(offset) < reach
    for axis in range(first + 1, plan.ndim):
        reach += (plan.shape[axis] - 1) * llabs(plan.strides[OUT][axis])
    stride = llabs(plan.strides[OUT][first])
    offset = llabs(offset)
    steps = offset // stride
    for steps in range(steps, min(steps + 2, plan.shape[first])):
        rest = offset - steps * stride
        if llabs(rest) < reach and may_meet(plan, first + 1, rest):
            return True
    return False


cdef bint safe_to_write(const plan_t* plan, int operand) noexcept nogil:
    """Whether writing out cannot change what is still to be read of the operand: they
    lie apart, or interleave, or are the very same view. A quick test that may say no in
    vain."""
    cdef int axis
    cdef char* low
    cdef char* high
    cdef char* out_low
    cdef char* out_high
    bounds(plan, operand, &low, &high)
    bounds(plan, OUT, &out_low, &out_high)
    if high <= out_low or out_high <= low:
        return True
    if plan.itemsize[operand] != plan.itemsize[OUT]:
        return False
    for axis in range(plan.ndim):
        if plan.strides[operand][axis] != plan.strides[OUT][axis]:
            return False
    return plan.data[operand] == plan.data[OUT] or (
        out_is_simple(plan)
        and not may_meet(plan, 0, plan.data[operand] - plan.data[OUT])
    )
