# What `_tagger.py` has besides, where it is compiled.
cdef extern from *:
    """
    #if defined(__GNUC__)
    #define fetch(where) __builtin_prefetch(where)
    #else
    #define fetch(where) ((void)(where))
    #endif
    """
    void fetch(const void *where) noexcept nogil
