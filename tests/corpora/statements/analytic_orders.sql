-- Questions a wholesaler's analyst asks, over orders, lineitem, part, partsupp, supplier, customer, nation, region.
-- What was shipped until a date, by return flag and state of the line
SELECT li.l_returnflag,
       li.l_linestatus,
       sum(li.l_quantity) AS pieces,
       sum(li.l_extendedprice) AS list_value,
       sum(li.l_extendedprice * (1 - li.l_discount)) AS net_value,
       sum(li.l_extendedprice * (1 - li.l_discount) * (1 + li.l_tax)) AS gross_value,
       avg(li.l_quantity) AS mean_pieces,
       avg(li.l_extendedprice) AS mean_price,
       avg(li.l_discount) AS mean_discount,
       count(*) AS lines
FROM lineitem AS li
WHERE li.l_shipdate <= date '1999-03-31' - interval '75' day
GROUP BY li.l_returnflag, li.l_linestatus
ORDER BY li.l_returnflag, li.l_linestatus;

-- The cheapest source of a part within a region
SELECT s.s_acctbal, s.s_name, n.n_name, p.p_partkey, p.p_mfgr, s.s_address, s.s_phone, s.s_comment
FROM part p, partsupp ps, supplier s, nation n, region r
WHERE p.p_partkey = ps.ps_partkey
  AND s.s_suppkey = ps.ps_suppkey
  AND s.s_nationkey = n.n_nationkey
  AND n.n_regionkey = r.r_regionkey
  AND p.p_size = 23
  AND p.p_type LIKE '%COPPER'
  AND r.r_name = 'NORTH'
  AND ps.ps_supplycost = (
      SELECT min(ps2.ps_supplycost)
      FROM partsupp ps2
      JOIN supplier s2 ON s2.s_suppkey = ps2.ps_suppkey
      JOIN nation n2 ON n2.n_nationkey = s2.s_nationkey
      JOIN region r2 ON r2.r_regionkey = n2.n_regionkey
      WHERE ps2.ps_partkey = p.p_partkey AND r2.r_name = 'NORTH')
ORDER BY s.s_acctbal DESC, n.n_name, s.s_name, p.p_partkey
LIMIT 50;

-- Orders of one segment that still wait for goods, the most valuable first
SELECT o.o_orderkey,
       sum(l.l_extendedprice * (1 - l.l_discount)) AS waiting_value,
       o.o_orderdate,
       o.o_shippriority
FROM customer c
     JOIN orders o ON o.o_custkey = c.c_custkey
     JOIN lineitem l ON l.l_orderkey = o.o_orderkey
WHERE c.c_mktsegment = 'SHIPYARDS'
  AND o.o_orderdate < DATE '1997-05-20'
  AND l.l_shipdate > DATE '1997-05-20'
GROUP BY o.o_orderkey, o.o_orderdate, o.o_shippriority
ORDER BY waiting_value DESC, o.o_orderdate
FETCH FIRST 20 ROWS ONLY;

-- How many late orders of a quarter, by priority
SELECT o_orderpriority, count(*) AS late_orders
FROM orders
WHERE o_orderdate >= date '1996-04-01'
  AND o_orderdate < date '1996-04-01' + interval '3 months'
  AND EXISTS (SELECT 1 FROM lineitem WHERE l_orderkey = o_orderkey AND l_receiptdate > l_commitdate)
GROUP BY o_orderpriority
ORDER BY 1;

-- Trade within a region, where buyer and seller are of one nation
SELECT n.n_name, sum(l.l_extendedprice * (1.00 - l.l_discount)) AS turnover
FROM customer c
INNER JOIN orders o USING (custkey)
INNER JOIN lineitem l ON l.l_orderkey = o.o_orderkey
INNER JOIN supplier s ON s.s_suppkey = l.l_suppkey AND s.s_nationkey = c.c_nationkey
INNER JOIN nation n ON n.n_nationkey = s.s_nationkey
INNER JOIN region r ON r.r_regionkey = n.n_regionkey AND r.r_name IN ('SOUTH')
WHERE o.o_orderdate >= '1995-01-01'::date AND o.o_orderdate < '1995-01-01'::date + '1 year'::interval
GROUP BY n.n_name
ORDER BY turnover DESC;

-- What small discounts cost in a year
SELECT sum(l_extendedprice * l_discount) AS forgone
FROM lineitem
WHERE l_shipdate >= date '1996-01-01'
  AND l_shipdate < date '1996-01-01' + interval '1' year
  AND l_discount BETWEEN .05 - 0.01 AND .05 + 0.01
  AND l_quantity < 25;

-- Goods that went between two nations, year by year
SELECT shipping.seller_nation, shipping.buyer_nation, shipping.l_year, sum(shipping.volume) AS revenue
FROM (
    SELECT n1.n_name AS seller_nation,
           n2.n_name AS buyer_nation,
           extract(year FROM l.l_shipdate) AS l_year,
           l.l_extendedprice * (1 - l.l_discount) AS volume
    FROM supplier s, lineitem l, orders o, customer c, nation n1, nation n2
    WHERE s.s_suppkey = l.l_suppkey
      AND o.o_orderkey = l.l_orderkey
      AND c.c_custkey = o.o_custkey
      AND s.s_nationkey = n1.n_nationkey
      AND c.c_nationkey = n2.n_nationkey
      AND ((n1.n_name = 'NORWAY' AND n2.n_name = 'KENYA') OR (n1.n_name = 'KENYA' AND n2.n_name = 'NORWAY'))
      AND l.l_shipdate BETWEEN date '1995-01-01' AND date '1996-12-31'
) AS shipping
GROUP BY shipping.seller_nation, shipping.buyer_nation, shipping.l_year
ORDER BY 1, 2, 3;

-- Share of one nation in a region's trade of one kind of part
SELECT o_year, sum(CASE WHEN nation_name = 'CHILE' THEN volume ELSE 0 END) / sum(volume) AS share
FROM (SELECT date_part('year', o.o_orderdate) AS o_year,
             l.l_extendedprice * (1 - l.l_discount) AS volume,
             n2.n_name AS nation_name
      FROM part p
      JOIN lineitem l ON p.p_partkey = l.l_partkey
      JOIN supplier s ON s.s_suppkey = l.l_suppkey
      JOIN orders o ON l.l_orderkey = o.o_orderkey
      JOIN customer c ON o.o_custkey = c.c_custkey
      JOIN nation n1 ON c.c_nationkey = n1.n_nationkey
      JOIN region r ON n1.n_regionkey = r.r_regionkey
      JOIN nation n2 ON s.s_nationkey = n2.n_nationkey
      WHERE r.r_name = 'WEST' AND p.p_type = 'STANDARD ROLLED ZINC'
        AND o.o_orderdate BETWEEN date '1995-01-01' AND date '1996-12-31') all_trade
GROUP BY o_year
ORDER BY o_year;

-- Profit by the seller's nation and year for parts of a colour
WITH profit AS (
    SELECT n.n_name AS nation_name,
           extract(year FROM o.o_orderdate)::int AS o_year,
           l.l_extendedprice * (1 - l.l_discount) - ps.ps_supplycost * l.l_quantity AS amount
    FROM part p, supplier s, lineitem l, partsupp ps, orders o, nation n
    WHERE s.s_suppkey = l.l_suppkey
      AND (ps.ps_suppkey, ps.ps_partkey) = (l.l_suppkey, l.l_partkey)
      AND p.p_partkey = l.l_partkey
      AND o.o_orderkey = l.l_orderkey
      AND s.s_nationkey = n.n_nationkey
      AND p.p_name ILIKE '%olive%'
)
SELECT nation_name, o_year, sum(amount) AS total_profit
FROM profit
GROUP BY nation_name, o_year
ORDER BY nation_name ASC, o_year DESC;

-- Customers who sent back the most
SELECT c.c_custkey, c.c_name, sum(l.l_extendedprice * (1 - l.l_discount)) AS lost,
       c.c_acctbal, n.n_name, c.c_address, c.c_phone, c.c_comment
FROM customer c, orders o, lineitem l, nation n
WHERE c.c_custkey = o.o_custkey
  AND l.l_orderkey = o.o_orderkey
  AND o.o_orderdate >= date '1994-07-01'
  AND o.o_orderdate < (date '1994-07-01' + interval '3' month)
  AND l.l_returnflag = 'R'
  AND c.c_nationkey = n.n_nationkey
GROUP BY c.c_custkey, c.c_name, c.c_acctbal, c.c_phone, n.n_name, c.c_address, c.c_comment
ORDER BY lost DESC
LIMIT 20;

-- Parts that make up a large part of a nation's stock
SELECT ps.ps_partkey, sum(ps.ps_supplycost * ps.ps_availqty) AS stock_value
FROM partsupp AS ps, supplier AS s, nation AS n
WHERE ps.ps_suppkey = s.s_suppkey AND s.s_nationkey = n.n_nationkey AND n.n_name = 'PORTUGAL'
GROUP BY ps.ps_partkey
HAVING sum(ps.ps_supplycost * ps.ps_availqty) > (
    SELECT sum(i.ps_supplycost * i.ps_availqty) * 0.0001
    FROM partsupp i, supplier j, nation k
    WHERE i.ps_suppkey = j.s_suppkey AND j.s_nationkey = k.n_nationkey AND k.n_name = 'PORTUGAL')
ORDER BY stock_value DESC;

-- Do cheap ways of shipping hurt urgent orders?
SELECT l.l_shipmode,
       sum(CASE WHEN o.o_orderpriority = '1-URGENT' OR o.o_orderpriority = '2-HIGH' THEN 1 ELSE 0 END) AS urgent,
       sum(CASE WHEN o.o_orderpriority <> '1-URGENT' AND o.o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END) AS other
FROM orders o JOIN lineitem l ON o.o_orderkey = l.l_orderkey
WHERE l.l_shipmode IN ('BARGE', 'RAIL')
  AND l.l_commitdate < l.l_receiptdate
  AND l.l_shipdate < l.l_commitdate
  AND l.l_receiptdate >= date '1995-01-01'
  AND l.l_receiptdate < date '1995-01-01' + interval '1' year
GROUP BY l.l_shipmode
ORDER BY l.l_shipmode;

-- How many customers have placed how many orders, those without one included
SELECT placed, count(*) AS customers
FROM (
    SELECT c.c_custkey, count(o.o_orderkey)
    FROM customer c
    LEFT OUTER JOIN orders o ON c.c_custkey = o.o_custkey AND o.o_comment NOT LIKE '%express%returns%'
    GROUP BY c.c_custkey
) AS per_customer (custkey, placed)
GROUP BY placed
ORDER BY customers DESC, placed DESC;

-- Share of promotion parts in a month's revenue
SELECT 100.00 * sum(CASE WHEN p.p_type LIKE 'PROMO%' THEN l.l_extendedprice * (1 - l.l_discount) ELSE 0 END)
       / nullif(sum(l.l_extendedprice * (1 - l.l_discount)), 0) AS promo_percent
FROM lineitem l, part p
WHERE l.l_partkey = p.p_partkey
  AND l.l_shipdate >= date '1995-11-01'
  AND l.l_shipdate < date '1995-11-01' + interval '1 month';

-- The best supplier of a quarter, with a common table in the place of a view
WITH revenue (supplier_no, total_revenue) AS (
    SELECT l_suppkey, sum(l_extendedprice * (1 - l_discount))
    FROM lineitem
    WHERE l_shipdate >= date '1996-10-01' AND l_shipdate < date '1996-10-01' + interval '3' month
    GROUP BY l_suppkey
)
SELECT s.s_suppkey, s.s_name, s.s_address, s.s_phone, revenue.total_revenue
FROM supplier s, revenue
WHERE s.s_suppkey = revenue.supplier_no
  AND revenue.total_revenue = (SELECT max(total_revenue) FROM revenue)
ORDER BY s.s_suppkey;

-- How many suppliers can deliver parts of given properties, less those with complaints
SELECT p.p_brand, p.p_type, p.p_size, count(DISTINCT ps.ps_suppkey) AS suppliers
FROM partsupp ps, part p
WHERE p.p_partkey = ps.ps_partkey
  AND p.p_brand <> 'Brand#21'
  AND p.p_type NOT LIKE 'SMALL BRUSHED%'
  AND p.p_size IN (3, 9, 14, 19, 23, 36, 45, 49)
  AND ps.ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%')
GROUP BY p.p_brand, p.p_type, p.p_size
ORDER BY suppliers DESC, p.p_brand, p.p_type, p.p_size;

-- What small orders bring in a year on average
SELECT sum(l.l_extendedprice) / 7.0 AS yearly
FROM lineitem l
JOIN part p ON p.p_partkey = l.l_partkey
CROSS JOIN LATERAL (SELECT 0.2 * avg(l2.l_quantity) AS fifth FROM lineitem l2 WHERE l2.l_partkey = p.p_partkey) AS typical
WHERE p.p_brand = 'Brand#34' AND p.p_container = 'JUMBO CAN' AND l.l_quantity < typical.fifth;

-- Customers with very large orders
SELECT c.c_name, c.c_custkey, o.o_orderkey, o.o_orderdate, o.o_totalprice, sum(l.l_quantity)
FROM customer c, orders o, lineitem l
WHERE o.o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 310)
  AND c.c_custkey = o.o_custkey
  AND o.o_orderkey = l.l_orderkey
GROUP BY c.c_name, c.c_custkey, o.o_orderkey, o.o_orderdate, o.o_totalprice
ORDER BY o.o_totalprice DESC, o.o_orderdate
LIMIT 100;

-- Revenue from three sorts of parts carried by air and handed over in person
SELECT sum(l.l_extendedprice * (1 - l.l_discount)) AS revenue
FROM lineitem l, part p
WHERE (
        p.p_partkey = l.l_partkey AND p.p_brand = 'Brand#12'
        AND p.p_container = ANY (ARRAY['SM CASE', 'SM BOX', 'SM PACK', 'SM PKG'])
        AND l.l_quantity >= 4 AND l.l_quantity <= 4 + 10
        AND p.p_size BETWEEN 1 AND 5
        AND l.l_shipmode IN ('AIR', 'AIR REG') AND l.l_shipinstruct = 'DELIVER IN PERSON'
      )
   OR (
        p.p_partkey = l.l_partkey AND p.p_brand = 'Brand#25'
        AND p.p_container = ANY ('{MED BAG,MED BOX,MED PKG,MED PACK}'::text[])
        AND l.l_quantity BETWEEN SYMMETRIC 25 AND 15
        AND p.p_size BETWEEN 1 AND 10
        AND l.l_shipmode IN ('AIR', 'AIR REG') AND l.l_shipinstruct = 'DELIVER IN PERSON'
      )
   OR (
        p.p_partkey = l.l_partkey AND p.p_brand = 'Brand#33'
        AND p.p_container IN (VALUES ('LG CASE'), ('LG BOX'))
        AND int4range(20, 30, '[]') @> l.l_quantity::int
        AND p.p_size BETWEEN 1 AND 15
        AND l.l_shipmode IN ('AIR', 'AIR REG') AND l.l_shipinstruct = 'DELIVER IN PERSON'
      );

-- Suppliers of a nation that have too much of a sort of part
SELECT s_name, s_address
FROM supplier, nation
WHERE s_suppkey IN (
        SELECT ps_suppkey
        FROM partsupp
        WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'linen%')
          AND ps_availqty > (
                SELECT 0.5 * sum(l_quantity)
                FROM lineitem
                WHERE l_partkey = ps_partkey
                  AND l_suppkey = ps_suppkey
                  AND l_shipdate >= date '1995-01-01'
                  AND l_shipdate < date '1995-01-01' + interval '1' year))
  AND s_nationkey = n_nationkey
  AND n_name = 'URUGUAY'
ORDER BY s_name;

-- Suppliers who alone kept an order waiting
SELECT s.s_name, count(*) AS kept_waiting
FROM supplier s, lineitem l1, orders o, nation n
WHERE s.s_suppkey = l1.l_suppkey
  AND o.o_orderkey = l1.l_orderkey
  AND o.o_orderstatus = 'F'
  AND l1.l_receiptdate > l1.l_commitdate
  AND EXISTS (SELECT * FROM lineitem l2
              WHERE l2.l_orderkey = l1.l_orderkey AND l2.l_suppkey <> l1.l_suppkey)
  AND NOT EXISTS (SELECT * FROM lineitem l3
                  WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey
                    AND l3.l_receiptdate > l3.l_commitdate)
  AND s.s_nationkey = n.n_nationkey
  AND n.n_name = 'VIETNAM'
GROUP BY s.s_name
ORDER BY kept_waiting DESC, s.s_name
LIMIT 100;

-- Customers with money and without orders, by the prefix of their telephone number
SELECT prefix, count(*) AS customers, sum(c_acctbal) AS balance
FROM (
    SELECT substring(c.c_phone FROM 1 FOR 2) AS prefix, c.c_acctbal
    FROM customer c
    WHERE substring(c.c_phone FROM 1 FOR 2) IN ('11', '14', '20', '23', '29', '30', '31')
      AND c.c_acctbal > (SELECT avg(a.c_acctbal) FROM customer a
                         WHERE a.c_acctbal > 0.00
                           AND substring(a.c_phone FROM 1 FOR 2) IN ('11', '14', '20', '23', '29', '30', '31'))
      AND NOT EXISTS (SELECT FROM orders o WHERE o.o_custkey = c.c_custkey)
) AS silent
GROUP BY prefix
ORDER BY prefix;
