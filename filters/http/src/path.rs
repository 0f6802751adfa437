//! Request targets (RFC 9112 section 3.2, RFC 3986): read one way only, or refused.
