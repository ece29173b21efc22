//! Telling the processor what will be read soon.

/// Starts fetching the cache line that `value` begins in, without waiting for it. Where the processor has no such
/// instruction this does nothing.
#[inline]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction is part of every x86-64 processor and only a hint: it reads nothing that the program
        // can see, and the reference is to live memory besides.
        unsafe { _mm_prefetch(std::ptr::from_ref(value).cast(), _MM_HINT_T0) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
