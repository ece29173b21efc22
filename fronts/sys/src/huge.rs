//! Which memory comes in large pages.

use std::io;
use std::mem::MaybeUninit;

/// From here on this process has large pages only where [`advise_huge`] asks for them, however the machine is set. Left to
/// itself the kernel may give two megabytes wherever a thread's heap touches a few bytes. A kernel before Linux 6.18
/// knows no such exception: then there are none anywhere. Returns whether advice is heeded.
pub fn huge_only_where_advised() -> io::Result<bool> {
    /// `PR_THP_DISABLE_EXCEPT_ADVISED` of `linux/prctl.h` since 6.18.
    const EXCEPT_ADVISED: libc::c_ulong = 1 << 1;
    let disable = |flags: libc::c_ulong| {
        let (yes, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
        // SAFETY: the call takes numbers alone.
        let returned = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, yes, flags, none, none) };
        crate::poll::checked(returned)
    };
    match disable(EXCEPT_ADVISED) {
        Ok(_) => Ok(true),
        Err(_) => disable(0).map(|_| false),
    }
}

/// Asks for large pages under `memory` before it is first used. A table of some megabytes that is read at random then
/// costs one wait for memory a look instead of two or three, most of all in a virtual machine. It is only advice: where
/// the kernel has no large pages to give, nothing changes.
pub fn advise_huge<T>(memory: &mut [MaybeUninit<T>]) {
    /// The size and alignment of a large page on the machines we know; what is smaller has none in it.
    const LARGE: usize = 2 << 20;
    let range = memory.as_mut_ptr_range();
    let start = range.start.addr().next_multiple_of(LARGE);
    let end = range.end.addr() / LARGE * LARGE;
    if start >= end {
        return;
    }
    let place = range.start.with_addr(start).cast();
    // SAFETY: the pages lie wholly within memory that the caller borrows mutably, and the advice changes nothing that a
    // program can see.
    let _ = unsafe { libc::madvise(place, end - start, libc::MADV_HUGEPAGE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advised_memory_holds_what_is_put_into_it() {
        for disabled in [false, true] {
            if disabled {
                huge_only_where_advised().unwrap();
            }
            for count in [0, 1, 10, 3 << 20] {
                let mut values: Vec<u64> = Vec::with_capacity(count);
                advise_huge(values.spare_capacity_mut());
                values.extend(0..count as u64);
                assert!(values.iter().enumerate().all(|(at, value)| *value == at as u64));
            }
        }
    }
}
