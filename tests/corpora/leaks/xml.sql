-- case: xml-element
SELECT xmlelement(NAME r, ssn) FROM customers;
-- case: xml-element-attributes
SELECT xmlelement(NAME r, xmlattributes(email AS a, ssn)) FROM customers;
-- case: xml-forest
SELECT xmlforest(ssn, email AS name) FROM customers;
-- case: xml-concat
SELECT xmlconcat(xmlelement(NAME a, ssn), xmlcomment('x')) FROM customers;
-- case: xml-comment
SELECT xmlcomment(replace(ssn, '-', '.')) FROM customers;
-- case: xml-agg
SELECT xmlagg(xmlelement(NAME r, email) ORDER BY id) FROM customers;
-- case: xml-agg-serialized
SELECT xmlserialize(CONTENT xmlagg(xmlelement(NAME r, ssn)) AS text) FROM customers;
-- case: xml-parse-content
SELECT xmlparse(CONTENT '<a>' || ssn || '</a>') FROM customers;
-- case: xml-parse-document
SELECT xmlparse(DOCUMENT '<a b="' || ssn || '"/>') FROM customers;
-- case: xml-cast
SELECT ('<a>' || email || '</a>')::xml FROM customers;
-- case: xml-xpath
SELECT xpath('/a/text()', ('<a>' || ssn || '</a>')::xml) FROM customers;
-- case: xml-xpath-cast-text
SELECT (xpath('/a/@b', ('<a b="' || email || '"/>')::xml))[1]::text FROM customers;
-- case: xml-xpath-exists-as-oracle
SELECT id, xpath_exists('/a[starts-with(., "1")]', ('<a>' || ssn || '</a>')::xml) FROM customers;
-- case: xml-xmlexists-as-oracle
SELECT id, xmlexists('//a[contains(., "11")]' PASSING (('<a>' || ssn || '</a>')::xml)) FROM customers;
-- case: xml-table
SELECT t.s FROM customers c, xmltable('/a' PASSING (('<a>' || c.ssn || '</a>')::xml) COLUMNS s text PATH '.') t;
-- case: xml-table-of-aggregate
SELECT t.region FROM xmltable('/r/a' PASSING (SELECT xmlelement(NAME r, xmlagg(xmlelement(NAME a, email))) FROM customers) COLUMNS n FOR ORDINALITY, region text PATH 'text()') t;
-- case: xml-table-default
SELECT t.s FROM customers c, xmltable('/a' PASSING ('<a/>'::xml) COLUMNS s text PATH 'none' DEFAULT c.ssn) t;
-- case: xml-pi
SELECT xmlpi(NAME p, ssn) FROM customers;
-- case: xml-root
SELECT xmlroot(xmlparse(DOCUMENT '<a>' || ssn || '</a>'), VERSION '1.0', STANDALONE YES) FROM customers;
-- case: xml-is-document-as-oracle
SELECT id, xml_is_well_formed(CASE WHEN ssn LIKE '%1%' THEN '<a/>' ELSE '<a>' END) FROM customers;
-- case: xml-element-of-row
SELECT xmlelement(NAME r, c::text) FROM customers c;
-- case: xml-error-quotes-value
SELECT xmlparse(DOCUMENT '<a>' || ssn) FROM customers;
-- case: xml-text
-- why: needs PostgreSQL 17
SELECT xmltext(email) FROM customers;
