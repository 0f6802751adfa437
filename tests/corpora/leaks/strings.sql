-- case: str-upper
SELECT upper(email) FROM customers;
-- case: str-reverse-twice
SELECT reverse(reverse(ssn)) FROM customers;
-- case: str-reverse-once
SELECT reverse(ssn) FROM customers;
-- case: str-substr-pieces
SELECT substr(ssn, 1, 3), substr(ssn, 4) FROM customers;
-- case: str-substring-from-for
SELECT substring(ssn FROM 1 FOR 4), substring(ssn FROM 5) FROM customers;
-- case: str-substring-regex
SELECT substring(email FROM '^[^@]+'), substring(email, '@(.*)$') FROM customers;
-- case: str-substring-similar
SELECT substring(ssn SIMILAR '#"___#"%' ESCAPE '#') FROM customers;
-- case: str-left-right
SELECT left(ssn, 5), right(ssn, -5) FROM customers;
-- case: str-overlay
SELECT overlay(repeat('.', 20) PLACING ssn FROM 3) FROM customers;
-- case: str-replace
SELECT replace(ssn, '-', '') FROM customers;
-- case: str-translate-rot
SELECT translate(ssn, '0123456789', 'abcdefghij') FROM customers;
-- case: str-regexp-replace
SELECT regexp_replace(ssn, '(.)', '\1.', 'g') FROM customers;
-- case: str-regexp-match
SELECT regexp_match(email, '(.*)@(.*)') FROM customers;
-- case: str-regexp-matches-set
SELECT regexp_matches(ssn, '\d', 'g') FROM customers;
-- case: str-regexp-split-array
SELECT regexp_split_to_array(email, '[@.]') FROM customers;
-- case: str-regexp-split-table
SELECT regexp_split_to_table(ssn, '') FROM customers;
-- case: str-regexp-count-instr-substr
SELECT regexp_count(ssn, '1'), regexp_instr(ssn, '1'), regexp_substr(ssn, '.*'), regexp_like(ssn, '^1') FROM customers;
-- case: str-split-part
SELECT split_part(email, '@', 1), split_part(email, '@', 2) FROM customers;
-- case: str-string-to-table
SELECT string_to_table(ssn, NULL) FROM customers;
-- case: str-string-to-array
SELECT string_to_array(ssn, NULL) FROM customers;
-- case: str-format
SELECT format('%s|%I|%L', ssn, email, phone) FROM customers;
-- case: str-format-variadic
SELECT format('%2$s %1$s', VARIADIC ARRAY[ssn, email]) FROM customers;
-- case: str-concat-ws
SELECT concat(ssn, email), concat_ws('/', name, phone) FROM customers;
-- case: str-pads
SELECT lpad(ssn, 40, '.'), rpad(email, 60, '.') FROM customers;
-- case: str-trims
SELECT btrim(ssn), ltrim(email, 'q'), trim(BOTH '~' FROM phone) FROM customers;
-- case: str-repeat
SELECT repeat(ssn, 3) FROM customers;
-- case: str-quote-functions
SELECT quote_ident(email), quote_literal(ssn), quote_nullable(phone) FROM customers;
-- case: str-encode-hex
SELECT encode(ssn::bytea, 'hex') FROM customers;
-- case: str-encode-base64
SELECT encode(convert_to(ssn, 'UTF8'), 'base64') FROM customers;
-- case: str-encode-escape
SELECT encode(email::bytea, 'escape') FROM customers;
-- case: str-convert-there-and-back
SELECT convert_from(convert_to(email, 'LATIN1'), 'LATIN1') FROM customers;
-- case: str-md5
SELECT md5(ssn) FROM customers;
-- case: str-sha256
SELECT sha256(ssn::bytea), sha512(email::bytea), sha224(phone::bytea), sha384(card_number::bytea) FROM customers;
-- case: str-hashtext
SELECT hashtext(ssn), hashtextextended(email, 1) FROM customers;
-- case: str-ascii-of-each-place
SELECT ascii(ssn), ascii(substr(ssn, 2)), ascii(substr(ssn, 3)), ascii(substr(ssn, 4)) FROM customers;
-- case: str-chr-of-ascii
SELECT chr(ascii(ssn) + 1) FROM customers;
-- case: str-position-strpos
SELECT position('1' IN ssn), strpos(email, '@'), position('5' IN phone) FROM customers;
-- case: str-starts-with
SELECT id, starts_with(ssn, '1'), ssn ^@ '9' FROM customers;
-- case: str-generate-series-by-char
SELECT c.id, i, substr(c.ssn, i, 1) FROM customers c, generate_series(1, 11) AS i ORDER BY 1, 2;
-- case: str-initcap-normalize
SELECT initcap(email), normalize(ssn), ssn IS NORMALIZED FROM customers;
-- case: str-unistr
SELECT unistr(ssn), unistr('\0041' || email) FROM customers;
-- case: str-to-hex
SELECT to_hex(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint) FROM customers;
-- case: str-to-char-of-number
SELECT to_char(right(regexp_replace(ssn, '[^0-9]', '', 'g'), 9)::bigint, 'FM000,000,000,999') FROM customers;
-- case: str-to-number
SELECT to_number(ssn, '999999999999') FROM customers;
-- case: str-to-tsvector-headline
SELECT to_tsvector('simple', email), ts_headline('simple', email, to_tsquery('simple', 'x')) FROM customers;
-- case: str-tsvector-to-array
SELECT tsvector_to_array(to_tsvector('simple', email)), array_to_tsvector(ARRAY[ssn]) FROM customers;
-- case: str-parse-ident
SELECT parse_ident(quote_ident(ssn) || '.' || quote_ident(email)) FROM customers;
-- case: str-similar-escape
SELECT similar_to_escape(ssn), like_escape(ssn, '!') FROM customers;
-- case: str-textcat-by-name
SELECT pg_catalog.textcat(ssn, ''), pg_catalog.texteq(left(ssn, 1), '1'), pg_catalog.textlike(ssn, '%1%') FROM customers;
-- case: str-varchar-io-functions
SELECT textsend(ssn), textout(email) FROM customers;
-- case: str-set-byte
SELECT set_byte(ssn::bytea, 0, 0), set_bit(ssn::bytea, 0, 0) FROM customers;
-- case: str-bytea-substring
SELECT substring(ssn::bytea FROM 2 FOR 4), ssn::bytea || '\x00'::bytea, reverse(encode(ssn::bytea, 'hex')) FROM customers;
-- case: str-xor-pad
-- why: a reversible encoding that looks like noise
SELECT id, string_agg(chr(32 + (ascii(t.ch) + 13) % 90), '' ORDER BY t.n) FROM customers, string_to_table(ssn, NULL) WITH ORDINALITY AS t(ch, n) GROUP BY id;
