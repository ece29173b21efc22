//! A short sequence kept on the stack.

/// Holds up to `N` values in place and any more in a vector, so that an ordinary request allocates nothing and an
/// extraordinary one is still decided rightly.
pub(crate) struct Few<T, const N: usize> {
    here: [T; N],
    len: usize,
    more: Vec<T>,
}

impl<T: Copy, const N: usize> Few<T, N> {
    #[inline]
    pub(crate) const fn new(filler: T) -> Self {
        Self { here: [filler; N], len: 0, more: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        match self.here.get_mut(self.len) {
            Some(place) => {
                *place = value;
                self.len += 1;
            }
            None => self.more.push(value),
        }
    }

    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len + self.more.len()
    }

    /// Forgets all after the first `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.more.truncate(len.saturating_sub(N));
        self.len = self.len.min(len);
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.here.get(..self.len).unwrap_or(&[]).iter().chain(self.more.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_more_than_fits_in_place_and_forgets_from_the_end() {
        let mut few = Few::<u8, 2>::new(0);
        (1..=4).for_each(|value| few.push(value));
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
        few.truncate(3);
        assert_eq!((few.len(), few.iter().copied().max()), (3, Some(3)));
        few.truncate(1);
        few.push(9);
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [1, 9]);
    }
}
