//! Lists of sites: reading every format a school may have, and one flat index over all of them. Not built yet.
#![warn(missing_docs)]
