//! Bodies: masked as they pass, in bounded memory.
