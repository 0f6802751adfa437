-- Questions over a star schema: sales through stores, the catalogue and the web, their returns, stock, and dimensions.
-- Customers who return more than a fifth above what is usual in their store
WITH returned AS (
    SELECT sr.customer_sk, sr.store_sk, sum(sr.refund) AS total
    FROM store_returns sr
    JOIN date_dim d ON d.date_sk = sr.returned_date_sk
    WHERE d.year = 2001
    GROUP BY sr.customer_sk, sr.store_sk
)
SELECT c.customer_id
FROM returned r1
JOIN store s ON s.store_sk = r1.store_sk AND s.state = 'TN'
JOIN customer c ON c.customer_sk = r1.customer_sk
WHERE r1.total > (SELECT avg(r2.total) * 1.2 FROM returned r2 WHERE r2.store_sk = r1.store_sk)
ORDER BY c.customer_id
LIMIT 100;

-- Weekly sales of the web and the catalogue, one year against the next
WITH both_ways AS (
    SELECT sold_date_sk, ext_sales_price AS price FROM web_sales
    UNION ALL
    SELECT sold_date_sk, ext_sales_price AS price FROM catalog_sales
), weekly AS (
    SELECT d.week_seq,
           sum(CASE WHEN d.day_name = 'Sunday' THEN b.price END) AS sun,
           sum(CASE WHEN d.day_name = 'Monday' THEN b.price END) AS mon,
           sum(CASE WHEN d.day_name = 'Tuesday' THEN b.price END) AS tue,
           sum(CASE WHEN d.day_name = 'Wednesday' THEN b.price END) AS wed,
           sum(CASE WHEN d.day_name = 'Thursday' THEN b.price END) AS thu,
           sum(CASE WHEN d.day_name = 'Friday' THEN b.price END) AS fri,
           sum(CASE WHEN d.day_name = 'Saturday' THEN b.price END) AS sat
    FROM both_ways b, date_dim d
    WHERE d.date_sk = b.sold_date_sk
    GROUP BY d.week_seq
)
SELECT y.week_seq, round(y.sun / z.sun, 2), round(y.mon / z.mon, 2), round(y.sat / z.sat, 2)
FROM (SELECT w.* FROM weekly w JOIN date_dim d ON d.week_seq = w.week_seq AND d.year = 2000) y,
     (SELECT w.* FROM weekly w JOIN date_dim d ON d.week_seq = w.week_seq AND d.year = 2001) z
WHERE y.week_seq = z.week_seq - 53
ORDER BY y.week_seq;

-- Sales by brand in Novembers
SELECT d.year, i.brand_id, i.brand, sum(ss.ext_discount_amt) AS discounts
FROM date_dim d, store_sales ss, item i
WHERE d.date_sk = ss.sold_date_sk
  AND ss.item_sk = i.item_sk
  AND i.manufact_id = 436
  AND d.moy = 11
GROUP BY d.year, i.brand, i.brand_id
ORDER BY d.year, discounts DESC, i.brand_id
LIMIT 100;

-- Customers whose catalogue sales grew faster than their store sales
WITH year_total AS (
    SELECT c.customer_id, c.first_name, c.last_name, d.year AS dyear,
           sum(((ss.ext_list_price - ss.ext_wholesale_cost - ss.ext_discount_amt) + ss.ext_sales_price) / 2) AS total,
           's' AS way
    FROM customer c, store_sales ss, date_dim d
    WHERE c.customer_sk = ss.customer_sk AND ss.sold_date_sk = d.date_sk
    GROUP BY c.customer_id, c.first_name, c.last_name, d.year
    UNION ALL
    SELECT c.customer_id, c.first_name, c.last_name, d.year,
           sum(((cs.ext_list_price - cs.ext_wholesale_cost - cs.ext_discount_amt) + cs.ext_sales_price) / 2),
           'c'
    FROM customer c, catalog_sales cs, date_dim d
    WHERE c.customer_sk = cs.bill_customer_sk AND cs.sold_date_sk = d.date_sk
    GROUP BY c.customer_id, c.first_name, c.last_name, d.year
)
SELECT s2.customer_id, s2.first_name, s2.last_name
FROM year_total s1, year_total s2, year_total c1, year_total c2
WHERE s2.customer_id = s1.customer_id
  AND s1.customer_id = c2.customer_id
  AND s1.customer_id = c1.customer_id
  AND s1.way = 's' AND c1.way = 'c' AND s2.way = 's' AND c2.way = 'c'
  AND s1.dyear = 2001 AND s2.dyear = 2001 + 1 AND c1.dyear = 2001 AND c2.dyear = 2001 + 1
  AND s1.total > 0 AND c1.total > 0
  AND CASE WHEN c1.total > 0 THEN c2.total / c1.total ELSE NULL END
    > CASE WHEN s1.total > 0 THEN s2.total / s1.total ELSE NULL END
ORDER BY 1, 2, 3
LIMIT 100;

-- Sales, returns and profit of each outlet of each way of selling
WITH ssr AS (
    SELECT s.store_id, sum(x.sales_price) AS sales, sum(x.profit) AS profit, sum(x.return_amt) AS returns
    FROM (SELECT store_sk, sold_date_sk AS date_sk, ext_sales_price AS sales_price, net_profit AS profit,
                 CAST(0 AS decimal(7, 2)) AS return_amt
          FROM store_sales
          UNION ALL
          SELECT store_sk, returned_date_sk, CAST(0 AS decimal(7, 2)), -net_loss, refund
          FROM store_returns) AS x, date_dim d, store s
    WHERE x.date_sk = d.date_sk
      AND d.day BETWEEN CAST('2000-08-19' AS date) AND (CAST('2000-08-19' AS date) + 14)
      AND x.store_sk = s.store_sk
    GROUP BY s.store_id
), wsr AS (
    SELECT w.web_site_id, sum(ws.ext_sales_price) AS sales, sum(ws.net_profit) AS profit,
           sum(coalesce(wr.refund, 0)) AS returns
    FROM web_sales ws
    LEFT OUTER JOIN web_returns wr ON wr.item_sk = ws.item_sk AND wr.order_number = ws.order_number
    JOIN web_site w ON w.web_site_sk = ws.web_site_sk
    GROUP BY w.web_site_id
)
SELECT way, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit
FROM (SELECT 'store' AS way, 'store' || store_id AS id, sales, returns, profit FROM ssr
      UNION ALL
      SELECT 'web', 'web_site' || web_site_id, sales, returns, profit FROM wsr) y
GROUP BY ROLLUP (way, id)
ORDER BY way, id
LIMIT 100;

-- States where at least ten customers bought something dear for its category
SELECT a.state, count(*) AS cnt
FROM customer_address a, customer c, store_sales s, date_dim d, item i
WHERE a.address_sk = c.current_addr_sk
  AND c.customer_sk = s.customer_sk
  AND s.sold_date_sk = d.date_sk
  AND s.item_sk = i.item_sk
  AND d.month_seq = (SELECT DISTINCT month_seq FROM date_dim WHERE year = 2002 AND moy = 3)
  AND i.current_price > 1.2 * (SELECT avg(j.current_price) FROM item j WHERE j.category = i.category)
GROUP BY a.state
HAVING count(*) >= 10
ORDER BY cnt, a.state
LIMIT 100;

-- What a demographic buys without a promotion
SELECT i.item_id, avg(ss.quantity) AS agg1, avg(ss.list_price) AS agg2, avg(ss.coupon_amt) AS agg3, avg(ss.sales_price) AS agg4
FROM store_sales ss, customer_demographics cd, date_dim d, item i, promotion p
WHERE ss.sold_date_sk = d.date_sk
  AND ss.item_sk = i.item_sk
  AND ss.cdemo_sk = cd.demo_sk
  AND ss.promo_sk = p.promo_sk
  AND cd.gender = 'F' AND cd.marital_status = 'W' AND cd.education_status = 'Primary'
  AND (p.channel_email = 'N' OR p.channel_event = 'N')
  AND d.year = 1998
GROUP BY i.item_id
ORDER BY i.item_id
LIMIT 100;

-- Stores near to preferred customers, by the start of the postal code
SELECT s.store_name, sum(ss.net_profit)
FROM store_sales ss, date_dim d, store s,
     (SELECT zip
      FROM (SELECT substr(zip, 1, 5) AS zip
            FROM customer_address
            WHERE substr(zip, 1, 5) IN ('24128', '76232', '65084', '87816', '83926', '77556')
            INTERSECT
            SELECT zip
            FROM (SELECT substr(ca.zip, 1, 5) AS zip, count(*) AS cnt
                  FROM customer_address ca, customer c
                  WHERE ca.address_sk = c.current_addr_sk AND c.preferred_flag = 'Y'
                  GROUP BY ca.zip
                  HAVING count(*) > 10) a1) a2) v1
WHERE ss.store_sk = s.store_sk
  AND ss.sold_date_sk = d.date_sk
  AND d.qoy = 2 AND d.year = 1998
  AND substr(s.zip, 1, 2) = substr(v1.zip, 1, 2)
GROUP BY s.store_name
ORDER BY s.store_name
LIMIT 100;

-- Buckets, each either of discounts or of net pay
SELECT CASE WHEN (SELECT count(*) FROM store_sales WHERE quantity BETWEEN 1 AND 20) > 74129
            THEN (SELECT avg(ext_discount_amt) FROM store_sales WHERE quantity BETWEEN 1 AND 20)
            ELSE (SELECT avg(net_paid) FROM store_sales WHERE quantity BETWEEN 1 AND 20) END AS bucket1,
       CASE WHEN (SELECT count(*) FROM store_sales WHERE quantity BETWEEN 21 AND 40) > 122840
            THEN (SELECT avg(ext_discount_amt) FROM store_sales WHERE quantity BETWEEN 21 AND 40)
            ELSE (SELECT avg(net_paid) FROM store_sales WHERE quantity BETWEEN 21 AND 40) END AS bucket2
FROM reason
WHERE reason_sk = 1;

-- Demographics of customers who bought in a store and also elsewhere
SELECT cd.gender, cd.marital_status, cd.education_status, count(*) AS cnt1, cd.purchase_estimate, count(*) AS cnt2
FROM customer c, customer_address ca, customer_demographics cd
WHERE c.current_addr_sk = ca.address_sk
  AND ca.county IN ('Rush County', 'Toole County')
  AND cd.demo_sk = c.current_cdemo_sk
  AND EXISTS (SELECT * FROM store_sales ss, date_dim d
              WHERE c.customer_sk = ss.customer_sk AND ss.sold_date_sk = d.date_sk AND d.year = 2002 AND d.moy BETWEEN 1 AND 1 + 3)
  AND (EXISTS (SELECT * FROM web_sales ws, date_dim d
               WHERE c.customer_sk = ws.bill_customer_sk AND ws.sold_date_sk = d.date_sk AND d.year = 2002)
       OR EXISTS (SELECT * FROM catalog_sales cs, date_dim d
                  WHERE c.customer_sk = cs.ship_customer_sk AND cs.sold_date_sk = d.date_sk AND d.year = 2002))
GROUP BY cd.gender, cd.marital_status, cd.education_status, cd.purchase_estimate
ORDER BY cd.gender, cd.marital_status, cd.education_status, cd.purchase_estimate
LIMIT 100;

-- An item's share of its class
SELECT i.item_id, i.item_desc, i.category, i.class, i.current_price,
       sum(ws.ext_sales_price) AS itemrevenue,
       sum(ws.ext_sales_price) * 100 / sum(sum(ws.ext_sales_price)) OVER (PARTITION BY i.class) AS revenueratio
FROM web_sales ws, item i, date_dim d
WHERE ws.item_sk = i.item_sk
  AND i.category IN ('Sports', 'Books', 'Home')
  AND ws.sold_date_sk = d.date_sk
  AND d.day BETWEEN cast('1999-02-22' AS date) AND (cast('1999-02-22' AS date) + interval '30 days')
GROUP BY i.item_id, i.item_desc, i.category, i.class, i.current_price
ORDER BY i.category, i.class, i.item_id, i.item_desc, revenueratio
LIMIT 100;

-- Items sold through every one of the three ways
WITH cross_items AS (
    SELECT i.item_sk AS ss_item_sk
    FROM item i,
         (SELECT iss.brand_id, iss.class_id, iss.category_id
          FROM store_sales ss, item iss, date_dim d1
          WHERE ss.item_sk = iss.item_sk AND ss.sold_date_sk = d1.date_sk AND d1.year BETWEEN 1999 AND 1999 + 2
          INTERSECT
          SELECT ics.brand_id, ics.class_id, ics.category_id
          FROM catalog_sales cs, item ics, date_dim d2
          WHERE cs.item_sk = ics.item_sk AND cs.sold_date_sk = d2.date_sk AND d2.year BETWEEN 1999 AND 1999 + 2
          INTERSECT
          SELECT iws.brand_id, iws.class_id, iws.category_id
          FROM web_sales ws, item iws, date_dim d3
          WHERE ws.item_sk = iws.item_sk AND ws.sold_date_sk = d3.date_sk AND d3.year BETWEEN 1999 AND 1999 + 2) x
    WHERE i.brand_id = x.brand_id AND i.class_id = x.class_id AND i.category_id = x.category_id
), avg_sales AS (
    SELECT avg(quantity * list_price) AS average_sales
    FROM (SELECT quantity, list_price FROM store_sales
          UNION ALL
          SELECT quantity, list_price FROM catalog_sales
          UNION ALL
          SELECT quantity, list_price FROM web_sales) x
)
SELECT way, brand_id, class_id, category_id, sum(sales), sum(number_sales)
FROM (SELECT 'store' AS way, i.brand_id, i.class_id, i.category_id, sum(ss.quantity * ss.list_price) AS sales, count(*) AS number_sales
      FROM store_sales ss, item i
      WHERE ss.item_sk IN (SELECT ss_item_sk FROM cross_items) AND ss.item_sk = i.item_sk
      GROUP BY i.brand_id, i.class_id, i.category_id
      HAVING sum(ss.quantity * ss.list_price) > (SELECT average_sales FROM avg_sales)
      UNION ALL
      SELECT 'web', i.brand_id, i.class_id, i.category_id, sum(ws.quantity * ws.list_price), count(*)
      FROM web_sales ws, item i
      WHERE ws.item_sk IN (SELECT ss_item_sk FROM cross_items) AND ws.item_sk = i.item_sk
      GROUP BY i.brand_id, i.class_id, i.category_id
      HAVING sum(ws.quantity * ws.list_price) > (SELECT average_sales FROM avg_sales)) y
GROUP BY ROLLUP (way, brand_id, class_id, category_id)
ORDER BY way, brand_id, class_id, category_id
LIMIT 100;

-- Catalogue sales by postal code, for some codes, some states, or large sums
SELECT ca.zip, sum(cs.sales_price)
FROM catalog_sales cs, customer c, customer_address ca, date_dim d
WHERE cs.bill_customer_sk = c.customer_sk
  AND c.current_addr_sk = ca.address_sk
  AND (substr(ca.zip, 1, 5) IN ('85669', '86197', '88274') OR ca.state IN ('CA', 'WA', 'GA') OR cs.sales_price > 500)
  AND cs.sold_date_sk = d.date_sk AND d.qoy = 2 AND d.year = 2001
GROUP BY ca.zip
ORDER BY ca.zip
LIMIT 100;

-- Orders shipped from more than one warehouse and never returned
SELECT count(DISTINCT cs1.order_number) AS "order count",
       sum(cs1.ext_ship_cost) AS "total shipping cost",
       sum(cs1.net_profit) AS "total net profit"
FROM catalog_sales cs1, date_dim d, customer_address ca, call_center cc
WHERE d.day BETWEEN '2002-02-01' AND (CAST('2002-02-01' AS date) + interval '60 days')
  AND cs1.ship_date_sk = d.date_sk
  AND cs1.ship_addr_sk = ca.address_sk AND ca.state = 'GA'
  AND cs1.call_center_sk = cc.call_center_sk AND cc.county IN ('Williamson County')
  AND EXISTS (SELECT * FROM catalog_sales cs2
              WHERE cs1.order_number = cs2.order_number AND cs1.warehouse_sk <> cs2.warehouse_sk)
  AND NOT EXISTS (SELECT * FROM catalog_returns cr1 WHERE cs1.order_number = cr1.order_number)
ORDER BY count(DISTINCT cs1.order_number)
LIMIT 100;

-- Spread of quantities sold, returned, and bought again
SELECT i.item_id, i.item_desc, s.state,
       count(ss.quantity) AS sold_count,
       avg(ss.quantity) AS sold_avg,
       stddev_samp(ss.quantity) AS sold_stdev,
       stddev_samp(ss.quantity) / avg(ss.quantity) AS sold_cov,
       count(sr.return_quantity) AS returned_count,
       var_pop(cs.quantity) AS again_variance
FROM store_sales ss
JOIN store_returns sr ON (ss.customer_sk, ss.item_sk, ss.ticket_number) = (sr.customer_sk, sr.item_sk, sr.ticket_number)
JOIN catalog_sales cs ON sr.customer_sk = cs.bill_customer_sk AND sr.item_sk = cs.item_sk
JOIN date_dim d1 ON d1.quarter_name = '2001Q1' AND d1.date_sk = ss.sold_date_sk
JOIN date_dim d2 ON d2.date_sk = sr.returned_date_sk AND d2.quarter_name IN ('2001Q1', '2001Q2', '2001Q3')
JOIN item i ON i.item_sk = ss.item_sk
JOIN store s ON s.store_sk = ss.store_sk
GROUP BY i.item_id, i.item_desc, s.state
ORDER BY i.item_id, i.item_desc, s.state
LIMIT 100;

-- Averages at every level of place
SELECT i.item_id, ca.country, ca.state, ca.county,
       avg(cast(cs.quantity AS decimal(12, 2))) AS agg1,
       avg(cast(cs.list_price AS decimal(12, 2))) AS agg2,
       avg(cast(c.birth_year AS decimal(12, 2))) AS agg6,
       avg(cast(cd1.dep_count AS decimal(12, 2))) AS agg7
FROM catalog_sales cs, customer_demographics cd1, customer_demographics cd2, customer c, customer_address ca, date_dim d, item i
WHERE cs.sold_date_sk = d.date_sk
  AND cs.item_sk = i.item_sk
  AND cs.bill_cdemo_sk = cd1.demo_sk
  AND cs.bill_customer_sk = c.customer_sk
  AND cd1.gender = 'F' AND cd1.education_status = 'Unknown'
  AND c.current_cdemo_sk = cd2.demo_sk
  AND c.current_addr_sk = ca.address_sk
  AND c.birth_month IN (1, 6, 8, 9, 12, 2)
  AND d.year = 1998
GROUP BY ROLLUP (i.item_id, ca.country, ca.state, ca.county)
ORDER BY ca.country, ca.state, ca.county, i.item_id
LIMIT 100;

-- Stock before and after a price change
SELECT *
FROM (SELECT w.warehouse_name, i.item_id,
             sum(CASE WHEN d.day < CAST('2000-03-11' AS date) THEN inv.quantity_on_hand ELSE 0 END) AS inv_before,
             sum(CASE WHEN d.day >= CAST('2000-03-11' AS date) THEN inv.quantity_on_hand ELSE 0 END) AS inv_after
      FROM inventory inv, warehouse w, item i, date_dim d
      WHERE i.current_price BETWEEN 0.99 AND 1.49
        AND i.item_sk = inv.item_sk
        AND inv.warehouse_sk = w.warehouse_sk
        AND inv.date_sk = d.date_sk
        AND d.day BETWEEN (CAST('2000-03-11' AS date) - interval '30 days') AND (CAST('2000-03-11' AS date) + interval '30 days')
      GROUP BY w.warehouse_name, i.item_id) x
WHERE (CASE WHEN inv_before > 0 THEN inv_after / inv_before ELSE NULL END) BETWEEN 2.0 / 3.0 AND 3.0 / 2.0
ORDER BY warehouse_name, item_id
LIMIT 100;

-- Mean stock at every level of product
SELECT i.product_name, i.brand, i.class, i.category, avg(inv.quantity_on_hand) AS qoh
FROM inventory inv, date_dim d, item i
WHERE inv.date_sk = d.date_sk AND inv.item_sk = i.item_sk AND d.month_seq BETWEEN 1200 AND 1200 + 11
GROUP BY ROLLUP (i.product_name, i.brand, i.class, i.category)
ORDER BY qoh, i.product_name, i.brand, i.class, i.category
LIMIT 100;

-- What the best customers spent on what sells often
WITH frequent_items AS (
    SELECT substr(i.item_desc, 1, 30) AS itemdesc, i.item_sk, d.day AS solddate, count(*) AS cnt
    FROM store_sales ss, date_dim d, item i
    WHERE ss.sold_date_sk = d.date_sk AND ss.item_sk = i.item_sk AND d.year IN (2000, 2000 + 1, 2000 + 2, 2000 + 3)
    GROUP BY substr(i.item_desc, 1, 30), i.item_sk, d.day
    HAVING count(*) > 4
), max_sales AS (
    SELECT max(csales) AS tpcds_cmax
    FROM (SELECT c.customer_sk, sum(ss.quantity * ss.sales_price) AS csales
          FROM store_sales ss, customer c, date_dim d
          WHERE ss.customer_sk = c.customer_sk AND ss.sold_date_sk = d.date_sk
          GROUP BY c.customer_sk) x
), best_customers AS (
    SELECT c.customer_sk, sum(ss.quantity * ss.sales_price) AS ssales
    FROM store_sales ss, customer c
    WHERE ss.customer_sk = c.customer_sk
    GROUP BY c.customer_sk
    HAVING sum(ss.quantity * ss.sales_price) > (50 / 100.0) * (SELECT * FROM max_sales)
)
SELECT last_name, first_name, sales
FROM (SELECT c.last_name, c.first_name, sum(cs.quantity * cs.list_price) AS sales
      FROM catalog_sales cs, customer c
      WHERE cs.item_sk IN (SELECT item_sk FROM frequent_items)
        AND cs.bill_customer_sk IN (SELECT customer_sk FROM best_customers)
        AND cs.bill_customer_sk = c.customer_sk
      GROUP BY c.last_name, c.first_name
      UNION ALL
      SELECT c.last_name, c.first_name, sum(ws.quantity * ws.list_price)
      FROM web_sales ws, customer c
      WHERE ws.item_sk IN (SELECT item_sk FROM frequent_items)
        AND ws.bill_customer_sk IN (SELECT customer_sk FROM best_customers)
        AND ws.bill_customer_sk = c.customer_sk
      GROUP BY c.last_name, c.first_name) y
ORDER BY last_name, first_name, sales
LIMIT 100;

-- Averages by item and state, with a mark of which rows are totals
SELECT i.item_id, s.state, grouping(s.state) AS g_state,
       avg(ss.quantity) AS agg1, avg(ss.list_price) AS agg2, avg(ss.coupon_amt) AS agg3, avg(ss.sales_price) AS agg4
FROM store_sales ss, customer_demographics cd, date_dim d, store s, item i
WHERE ss.sold_date_sk = d.date_sk AND ss.item_sk = i.item_sk AND ss.store_sk = s.store_sk AND ss.cdemo_sk = cd.demo_sk
  AND cd.gender = 'M' AND cd.marital_status = 'S' AND d.year = 2002 AND s.state IN ('TN', 'SD', 'AL', 'MI', 'LA', 'OH')
GROUP BY ROLLUP (i.item_id, s.state)
ORDER BY i.item_id, s.state;

-- Six bands of quantity side by side
SELECT *
FROM (SELECT avg(list_price) AS b1_lp, count(list_price) AS b1_cnt, count(DISTINCT list_price) AS b1_cntd
      FROM store_sales
      WHERE quantity BETWEEN 0 AND 5
        AND (list_price BETWEEN 8 AND 18 OR coupon_amt BETWEEN 459 AND 1459 OR wholesale_cost BETWEEN 57 AND 77)) b1,
     (SELECT avg(list_price) AS b2_lp, count(list_price) AS b2_cnt, count(DISTINCT list_price) AS b2_cntd
      FROM store_sales
      WHERE quantity BETWEEN 6 AND 10
        AND (list_price BETWEEN 90 AND 100 OR coupon_amt BETWEEN 2323 AND 3323 OR wholesale_cost BETWEEN 31 AND 51)) b2,
     (SELECT avg(list_price) AS b3_lp, count(list_price) AS b3_cnt, count(DISTINCT list_price) AS b3_cntd
      FROM store_sales
      WHERE quantity BETWEEN 11 AND 15) b3
LIMIT 100;

-- Web customers of a state who return more than their neighbours
WITH customer_total_return AS (
    SELECT wr.returning_customer_sk AS ctr_customer_sk, ca.state AS ctr_state, sum(wr.refund) AS ctr_total_return
    FROM web_returns wr, date_dim d, customer_address ca
    WHERE wr.returned_date_sk = d.date_sk AND d.year = 2002 AND wr.returning_addr_sk = ca.address_sk
    GROUP BY wr.returning_customer_sk, ca.state
)
SELECT c.customer_id, c.salutation, c.first_name, c.last_name, ctr1.ctr_total_return
FROM customer_total_return ctr1, customer_address ca, customer c
WHERE ctr1.ctr_total_return > (SELECT avg(ctr_total_return) * 1.2 FROM customer_total_return ctr2
                               WHERE ctr1.ctr_state = ctr2.ctr_state)
  AND ca.address_sk = c.current_addr_sk AND ca.state = 'GA'
  AND ctr1.ctr_customer_sk = c.customer_sk
ORDER BY 1, 2, 3, 4, 5
LIMIT 100;

-- Discounts well above the mean of ninety days
SELECT sum(cs.ext_discount_amt) AS "excess discount amount"
FROM catalog_sales cs, item i, date_dim d
WHERE i.manufact_id = 977
  AND i.item_sk = cs.item_sk
  AND d.day BETWEEN '2000-01-27' AND (cast('2000-01-27' AS date) + 90)
  AND d.date_sk = cs.sold_date_sk
  AND cs.ext_discount_amt > (
      SELECT 1.3 * avg(ext_discount_amt)
      FROM catalog_sales, date_dim
      WHERE catalog_sales.item_sk = i.item_sk
        AND date_dim.day BETWEEN '2000-01-27' AND (cast('2000-01-27' AS date) + 90)
        AND date_dim.date_sk = catalog_sales.sold_date_sk)
LIMIT 100;

-- One category through three ways
WITH ss AS (
    SELECT i.manufact_id, sum(x.ext_sales_price) AS total
    FROM store_sales x JOIN item i USING (item_sk)
    WHERE i.manufact_id IN (SELECT manufact_id FROM item WHERE category IN ('Electronics'))
    GROUP BY i.manufact_id
), cs AS (
    SELECT i.manufact_id, sum(x.ext_sales_price) AS total
    FROM catalog_sales x JOIN item i USING (item_sk)
    WHERE i.manufact_id IN (SELECT manufact_id FROM item WHERE category IN ('Electronics'))
    GROUP BY i.manufact_id
), ws AS (
    SELECT i.manufact_id, sum(x.ext_sales_price) AS total
    FROM web_sales x JOIN item i USING (item_sk)
    WHERE i.manufact_id IN (SELECT manufact_id FROM item WHERE category IN ('Electronics'))
    GROUP BY i.manufact_id
)
SELECT manufact_id, sum(total) AS total_sales
FROM (SELECT * FROM ss UNION ALL SELECT * FROM cs UNION ALL SELECT * FROM ws) tmp1
GROUP BY manufact_id
ORDER BY total_sales
LIMIT 100;

-- Tickets with between fifteen and twenty lines
SELECT c.last_name, c.first_name, c.salutation, c.preferred_flag, dn.ticket_number, dn.cnt
FROM (SELECT ss.ticket_number, ss.customer_sk, count(*) AS cnt
      FROM store_sales ss, date_dim d, store s, household_demographics hd
      WHERE ss.sold_date_sk = d.date_sk AND ss.store_sk = s.store_sk AND ss.hdemo_sk = hd.demo_sk
        AND (d.dom BETWEEN 1 AND 3 OR d.dom BETWEEN 25 AND 28)
        AND hd.buy_potential IN ('>10000', 'unknown')
        AND hd.vehicle_count > 0
        AND (CASE WHEN hd.vehicle_count > 0 THEN hd.dep_count::numeric / hd.vehicle_count ELSE NULL END) > 1.2
      GROUP BY ss.ticket_number, ss.customer_sk) dn, customer c
WHERE dn.customer_sk = c.customer_sk AND dn.cnt BETWEEN 15 AND 20
ORDER BY c.last_name, c.first_name, c.salutation, c.preferred_flag DESC, dn.ticket_number;

-- Rank of margins within each level of the hierarchy
SELECT sum(ss.net_profit) / sum(ss.ext_sales_price) AS gross_margin,
       i.category, i.class,
       grouping(i.category) + grouping(i.class) AS lochierarchy,
       rank() OVER (PARTITION BY grouping(i.category) + grouping(i.class),
                                 CASE WHEN grouping(i.class) = 0 THEN i.category END
                    ORDER BY sum(ss.net_profit) / sum(ss.ext_sales_price) ASC) AS rank_within_parent
FROM store_sales ss, date_dim d1, item i, store s
WHERE d1.year = 2001 AND d1.date_sk = ss.sold_date_sk AND i.item_sk = ss.item_sk AND s.store_sk = ss.store_sk AND s.state = 'TN'
GROUP BY ROLLUP (i.category, i.class)
ORDER BY lochierarchy DESC, CASE WHEN grouping(i.category) + grouping(i.class) = 0 THEN i.category END, rank_within_parent
LIMIT 100;

-- People who bought through all three ways on one day
SELECT count(*)
FROM (
    SELECT DISTINCT c.last_name, c.first_name, d.day
    FROM store_sales ss, date_dim d, customer c
    WHERE ss.sold_date_sk = d.date_sk AND ss.customer_sk = c.customer_sk AND d.month_seq BETWEEN 1200 AND 1200 + 11
    INTERSECT
    SELECT DISTINCT c.last_name, c.first_name, d.day
    FROM catalog_sales cs, date_dim d, customer c
    WHERE cs.sold_date_sk = d.date_sk AND cs.bill_customer_sk = c.customer_sk AND d.month_seq BETWEEN 1200 AND 1200 + 11
    INTERSECT
    SELECT DISTINCT c.last_name, c.first_name, d.day
    FROM web_sales ws, date_dim d, customer c
    WHERE ws.sold_date_sk = d.date_sk AND ws.bill_customer_sk = c.customer_sk AND d.month_seq BETWEEN 1200 AND 1200 + 11
) hot_cust;

-- Stock that varies much from one month to the next
WITH inv AS (
    SELECT warehouse_name, warehouse_sk, item_sk, moy, stdev, mean, CASE mean WHEN 0 THEN NULL ELSE stdev / mean END AS cov
    FROM (SELECT w.warehouse_name, w.warehouse_sk, i.item_sk, d.moy,
                 stddev_samp(n.quantity_on_hand) AS stdev, avg(n.quantity_on_hand) AS mean
          FROM inventory n, item i, warehouse w, date_dim d
          WHERE n.item_sk = i.item_sk AND n.warehouse_sk = w.warehouse_sk AND n.date_sk = d.date_sk AND d.year = 2001
          GROUP BY w.warehouse_name, w.warehouse_sk, i.item_sk, d.moy) foo
    WHERE CASE mean WHEN 0 THEN 0 ELSE stdev / mean END > 1
)
SELECT inv1.warehouse_sk, inv1.item_sk, inv1.moy, inv1.mean, inv1.cov, inv2.moy, inv2.mean, inv2.cov
FROM inv inv1, inv inv2
WHERE inv1.item_sk = inv2.item_sk
  AND inv1.warehouse_sk = inv2.warehouse_sk
  AND inv1.moy = 1
  AND inv2.moy = 1 + 1
  AND inv1.cov > 1.5
ORDER BY inv1.warehouse_sk, inv1.item_sk, inv1.moy, inv1.mean, inv1.cov, inv2.moy, inv2.mean, inv2.cov;

-- Sales before and after a day, with returns taken off
SELECT w.state, i.item_id,
       sum(CASE WHEN d.day < date '2000-03-11' THEN cs.sales_price - coalesce(cr.refunded_cash, 0) ELSE 0 END) AS sales_before,
       sum(CASE WHEN d.day >= date '2000-03-11' THEN cs.sales_price - coalesce(cr.refunded_cash, 0) ELSE 0 END) AS sales_after
FROM catalog_sales cs
LEFT OUTER JOIN catalog_returns cr ON (cs.order_number = cr.order_number AND cs.item_sk = cr.item_sk),
     warehouse w, item i, date_dim d
WHERE i.item_sk = cs.item_sk AND cs.warehouse_sk = w.warehouse_sk AND cs.sold_date_sk = d.date_sk
GROUP BY w.state, i.item_id
ORDER BY w.state, i.item_id
LIMIT 100;

-- Product names of makers of certain clothes
SELECT DISTINCT i1.product_name
FROM item i1
WHERE i1.manufact_id BETWEEN 738 AND 738 + 40
  AND (SELECT count(*) AS item_cnt
       FROM item
       WHERE (item.manufact = i1.manufact
              AND ((item.category = 'Women' AND (item.color = 'powder' OR item.color = 'khaki') AND (item.units = 'Ounce' OR item.units = 'Oz') AND (item.size = 'medium' OR item.size = 'extra large'))
                OR (item.category = 'Men' AND (item.color = 'floral' OR item.color = 'deep') AND (item.units = 'N/A' OR item.units = 'Dozen') AND (item.size = 'petite' OR item.size = 'large'))))
          OR (item.manufact = i1.manufact AND item.category = 'Women' AND item.color = 'navajo')) > 0
ORDER BY i1.product_name
LIMIT 100;

-- Each weekday in a column of its own
SELECT s.store_name, s.store_id,
       sum(CASE WHEN (d.day_name = 'Sunday') THEN ss.sales_price ELSE NULL END) AS sun_sales,
       sum(CASE WHEN (d.day_name = 'Wednesday') THEN ss.sales_price ELSE NULL END) AS wed_sales,
       sum(ss.sales_price) FILTER (WHERE d.day_name = 'Saturday') AS sat_sales
FROM date_dim d, store_sales ss, store s
WHERE d.date_sk = ss.sold_date_sk AND s.store_sk = ss.store_sk AND s.gmt_offset = -5 AND d.year = 2000
GROUP BY s.store_name, s.store_id
ORDER BY 1, 2, 3, 4, 5
LIMIT 100;

-- The ten best and the ten worst items side by side
SELECT asceding.rnk, i1.product_name AS best_performing, i2.product_name AS worst_performing
FROM (SELECT *
      FROM (SELECT item_sk, rank() OVER (ORDER BY rank_col ASC) AS rnk
            FROM (SELECT ss1.item_sk, avg(ss1.net_profit) AS rank_col
                  FROM store_sales ss1
                  WHERE ss1.store_sk = 4
                  GROUP BY ss1.item_sk
                  HAVING avg(ss1.net_profit) > 0.9 * (SELECT avg(net_profit) FROM store_sales WHERE store_sk = 4 AND addr_sk IS NULL GROUP BY store_sk)) v1) v11
      WHERE rnk < 11) asceding,
     (SELECT *
      FROM (SELECT item_sk, rank() OVER (ORDER BY rank_col DESC) AS rnk
            FROM (SELECT ss1.item_sk, avg(ss1.net_profit) AS rank_col
                  FROM store_sales ss1
                  WHERE ss1.store_sk = 4
                  GROUP BY ss1.item_sk) v2) v21
      WHERE rnk < 11) descending,
     item i1, item i2
WHERE asceding.rnk = descending.rnk AND i1.item_sk = asceding.item_sk AND i2.item_sk = descending.item_sk
ORDER BY asceding.rnk;

-- Months that depart from the year's mean, with the month before and the one after
WITH v1 AS (
    SELECT i.category, i.brand, s.store_name, s.company_name, d.year, d.moy,
           sum(ss.sales_price) AS sum_sales,
           avg(sum(ss.sales_price)) OVER (PARTITION BY i.category, i.brand, s.store_name, s.company_name, d.year) AS avg_monthly_sales,
           rank() OVER (PARTITION BY i.category, i.brand, s.store_name, s.company_name ORDER BY d.year, d.moy) AS rn
    FROM item i, store_sales ss, date_dim d, store s
    WHERE ss.item_sk = i.item_sk AND ss.sold_date_sk = d.date_sk AND ss.store_sk = s.store_sk
      AND (d.year = 1999 OR (d.year = 1999 - 1 AND d.moy = 12) OR (d.year = 1999 + 1 AND d.moy = 1))
    GROUP BY i.category, i.brand, s.store_name, s.company_name, d.year, d.moy
), v2 AS (
    SELECT v1.category, v1.year, v1.moy, v1.avg_monthly_sales, v1.sum_sales, v1_lag.sum_sales AS psum, v1_lead.sum_sales AS nsum
    FROM v1, v1 v1_lag, v1 v1_lead
    WHERE v1.category = v1_lag.category AND v1.category = v1_lead.category
      AND v1.brand = v1_lag.brand AND v1.brand = v1_lead.brand
      AND v1.store_name = v1_lag.store_name AND v1.store_name = v1_lead.store_name
      AND v1.rn = v1_lag.rn + 1 AND v1.rn = v1_lead.rn - 1
)
SELECT *
FROM v2
WHERE v2.year = 1999 AND avg_monthly_sales > 0
  AND CASE WHEN avg_monthly_sales > 0 THEN abs(sum_sales - avg_monthly_sales) / avg_monthly_sales ELSE NULL END > 0.1
ORDER BY sum_sales - avg_monthly_sales, 3
LIMIT 100;

-- Quantities under one of several combinations of demographics and places
SELECT sum(ss.quantity)
FROM store_sales ss, store s, customer_demographics cd, customer_address ca, date_dim d
WHERE s.store_sk = ss.store_sk
  AND ss.sold_date_sk = d.date_sk AND d.year = 2000
  AND ((cd.demo_sk = ss.cdemo_sk AND cd.marital_status = 'M' AND cd.education_status = '4 yr Degree' AND ss.sales_price BETWEEN 100.00 AND 150.00)
    OR (cd.demo_sk = ss.cdemo_sk AND cd.marital_status = 'D' AND cd.education_status = '2 yr Degree' AND ss.sales_price BETWEEN 50.00 AND 100.00))
  AND ((ss.addr_sk = ca.address_sk AND ca.country = 'Japan' AND ca.state IN ('CO', 'OH', 'TX') AND ss.net_profit BETWEEN 0 AND 2000)
    OR (ss.addr_sk = ca.address_sk AND ca.country = 'Japan' AND ca.state IN ('OR', 'MN', 'KY') AND ss.net_profit BETWEEN 150 AND 3000));

-- Worst return ratios of each way of selling
SELECT way, item, return_ratio, return_rank, currency_rank
FROM (SELECT 'web' AS way, web.item, web.return_ratio, web.return_rank, web.currency_rank
      FROM (SELECT item, return_ratio, currency_ratio,
                   rank() OVER (ORDER BY return_ratio) AS return_rank,
                   rank() OVER (ORDER BY currency_ratio) AS currency_rank
            FROM (SELECT ws.item_sk AS item,
                         cast(sum(coalesce(wr.return_quantity, 0)) AS decimal(15, 4)) / cast(sum(coalesce(ws.quantity, 0)) AS decimal(15, 4)) AS return_ratio,
                         cast(sum(coalesce(wr.refund, 0)) AS decimal(15, 4)) / cast(sum(coalesce(ws.net_paid, 0)) AS decimal(15, 4)) AS currency_ratio
                  FROM web_sales ws LEFT OUTER JOIN web_returns wr ON (ws.order_number = wr.order_number AND ws.item_sk = wr.item_sk)
                  WHERE wr.refund > 10000 AND ws.net_profit > 1
                  GROUP BY ws.item_sk) in_web) web
      WHERE web.return_rank <= 10 OR web.currency_rank <= 10
      UNION
      SELECT 'store', store.item, store.return_ratio, store.return_rank, store.currency_rank
      FROM (SELECT ss.item_sk AS item,
                   sum(sr.return_quantity)::numeric / sum(ss.quantity) AS return_ratio,
                   row_number() OVER () AS return_rank,
                   dense_rank() OVER (ORDER BY sum(sr.refund)) AS currency_rank
            FROM store_sales ss LEFT JOIN store_returns sr USING (ticket_number, item_sk)
            GROUP BY ss.item_sk) store
      WHERE store.return_rank <= 10) AS tmp
ORDER BY 1, 4, 5, 2
LIMIT 100;

-- How long the goods take to come back, in bands of thirty days
SELECT s.store_name, s.company_id, s.street_number, s.street_name, s.suite_number, s.city, s.zip,
       sum(CASE WHEN (sr.returned_date_sk - ss.sold_date_sk <= 30) THEN 1 ELSE 0 END) AS "30 days",
       sum(CASE WHEN (sr.returned_date_sk - ss.sold_date_sk > 30) AND (sr.returned_date_sk - ss.sold_date_sk <= 60) THEN 1 ELSE 0 END) AS "31-60 days",
       sum(CASE WHEN (sr.returned_date_sk - ss.sold_date_sk > 120) THEN 1 ELSE 0 END) AS ">120 days"
FROM store_sales ss, store_returns sr, store s, date_dim d1, date_dim d2
WHERE d2.year = 2001 AND d2.moy = 8
  AND ss.ticket_number = sr.ticket_number AND ss.item_sk = sr.item_sk
  AND ss.sold_date_sk = d1.date_sk AND sr.returned_date_sk = d2.date_sk
  AND ss.customer_sk = sr.customer_sk AND ss.store_sk = s.store_sk
GROUP BY s.store_name, s.company_id, s.street_number, s.street_name, s.suite_number, s.city, s.zip
ORDER BY s.store_name, s.company_id
LIMIT 100;

-- Days on which the web's running total passed the stores'
WITH web_v1 AS (
    SELECT ws.item_sk, d.day, sum(sum(ws.sales_price)) OVER (PARTITION BY ws.item_sk ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cume_sales
    FROM web_sales ws, date_dim d
    WHERE ws.sold_date_sk = d.date_sk AND d.month_seq BETWEEN 1200 AND 1200 + 11 AND ws.item_sk IS NOT NULL
    GROUP BY ws.item_sk, d.day
), store_v1 AS (
    SELECT ss.item_sk, d.day, sum(sum(ss.sales_price)) OVER (PARTITION BY ss.item_sk ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cume_sales
    FROM store_sales ss, date_dim d
    WHERE ss.sold_date_sk = d.date_sk AND d.month_seq BETWEEN 1200 AND 1200 + 11 AND ss.item_sk IS NOT NULL
    GROUP BY ss.item_sk, d.day
)
SELECT *
FROM (SELECT item_sk, day, web_sales, store_sales,
             max(web_sales) OVER (PARTITION BY item_sk ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS web_cumulative,
             max(store_sales) OVER (PARTITION BY item_sk ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS store_cumulative
      FROM (SELECT CASE WHEN web.item_sk IS NOT NULL THEN web.item_sk ELSE store.item_sk END AS item_sk,
                   CASE WHEN web.day IS NOT NULL THEN web.day ELSE store.day END AS day,
                   web.cume_sales AS web_sales,
                   store.cume_sales AS store_sales
            FROM web_v1 web FULL OUTER JOIN store_v1 store ON (web.item_sk = store.item_sk AND web.day = store.day)) x) y
WHERE web_cumulative > store_cumulative
ORDER BY item_sk, day
LIMIT 100;

-- Brands of one manager in a month
SELECT d.year, i.brand_id AS "brand id", i.brand AS "Brand", sum(ss.ext_sales_price) AS "extPrice"
FROM date_dim d INNER JOIN store_sales ss ON d.date_sk = ss.sold_date_sk INNER JOIN item i ON ss.item_sk = i.item_sk
WHERE i.manager_id = 1 AND d.moy = 11 AND d.year = 2000
GROUP BY d.year, i.brand, i.brand_id
ORDER BY d.year, "extPrice" DESC, "brand id"
LIMIT 100;

-- Quarters of a maker that are far from its mean
SELECT *
FROM (SELECT i.manufact_id, sum(ss.sales_price) AS sum_sales,
             avg(sum(ss.sales_price)) OVER (PARTITION BY i.manufact_id) AS avg_quarterly_sales
      FROM item i, store_sales ss, date_dim d
      WHERE ss.item_sk = i.item_sk AND ss.sold_date_sk = d.date_sk
        AND d.month_seq IN (1200, 1200 + 1, 1200 + 2, 1200 + 3)
        AND ((i.category IN ('Books', 'Children') AND i.class IN ('personal', 'portable')) OR i.category = 'Women')
      GROUP BY i.manufact_id, d.qoy) tmp1
WHERE CASE WHEN avg_quarterly_sales > 0 THEN abs(sum_sales - avg_quarterly_sales) / avg_quarterly_sales ELSE NULL END > 0.1
ORDER BY avg_quarterly_sales, sum_sales, manufact_id
LIMIT 100;

-- New customers of a month, in bands of what they spent afterwards nearby
WITH my_customers AS (
    SELECT DISTINCT c.customer_sk, c.current_addr_sk
    FROM (SELECT cs.sold_date_sk, cs.bill_customer_sk AS customer_sk, cs.item_sk FROM catalog_sales cs
          UNION ALL
          SELECT ws.sold_date_sk, ws.bill_customer_sk, ws.item_sk FROM web_sales ws) cs_or_ws_sales,
         item i, date_dim d, customer c
    WHERE cs_or_ws_sales.sold_date_sk = d.date_sk AND cs_or_ws_sales.item_sk = i.item_sk
      AND i.category = 'Women' AND i.class = 'maternity'
      AND c.customer_sk = cs_or_ws_sales.customer_sk AND d.moy = 12 AND d.year = 1998
), my_revenue AS (
    SELECT mc.customer_sk, sum(ss.ext_sales_price) AS revenue
    FROM my_customers mc, store_sales ss, customer_address ca, store s, date_dim d
    WHERE mc.current_addr_sk = ca.address_sk AND ca.county = s.county AND ca.state = s.state
      AND ss.sold_date_sk = d.date_sk AND mc.customer_sk = ss.customer_sk
      AND d.month_seq BETWEEN (SELECT DISTINCT month_seq + 1 FROM date_dim WHERE year = 1998 AND moy = 12)
                          AND (SELECT DISTINCT month_seq + 3 FROM date_dim WHERE year = 1998 AND moy = 12)
    GROUP BY mc.customer_sk
), segments AS (
    SELECT cast((revenue / 50) AS int) AS segment FROM my_revenue
)
SELECT segment, count(*) AS num_customers, segment * 50 AS segment_base
FROM segments
GROUP BY segment
ORDER BY segment, num_customers
LIMIT 100;

-- Items that sell alike through every way in a week
WITH ss_items AS (
    SELECT i.item_id, sum(ss.ext_sales_price) AS ss_item_rev
    FROM store_sales ss, item i, date_dim d
    WHERE ss.item_sk = i.item_sk
      AND d.day IN (SELECT day FROM date_dim WHERE week_seq = (SELECT week_seq FROM date_dim WHERE day = '2000-01-03'))
      AND ss.sold_date_sk = d.date_sk
    GROUP BY i.item_id
), ws_items AS (
    SELECT i.item_id, sum(ws.ext_sales_price) AS ws_item_rev
    FROM web_sales ws, item i, date_dim d
    WHERE ws.item_sk = i.item_sk
      AND d.day IN (SELECT day FROM date_dim WHERE week_seq = (SELECT week_seq FROM date_dim WHERE day = '2000-01-03'))
      AND ws.sold_date_sk = d.date_sk
    GROUP BY i.item_id
)
SELECT ss_items.item_id, ss_item_rev,
       ss_item_rev / ((ss_item_rev + ws_item_rev) / 2) * 100 AS ss_dev,
       ws_item_rev,
       ws_item_rev / ((ss_item_rev + ws_item_rev) / 2) * 100 AS ws_dev,
       (ss_item_rev + ws_item_rev) / 2 AS average
FROM ss_items, ws_items
WHERE ss_items.item_id = ws_items.item_id
  AND ss_item_rev BETWEEN 0.9 * ws_item_rev AND 1.1 * ws_item_rev
  AND ws_item_rev BETWEEN 0.9 * ss_item_rev AND 1.1 * ss_item_rev
ORDER BY item_id, ss_item_rev
LIMIT 100;

-- The share of sales that a promotion reached
SELECT promotions, total, cast(promotions AS decimal(15, 4)) / cast(total AS decimal(15, 4)) * 100
FROM (SELECT sum(ss.ext_sales_price) AS promotions
      FROM store_sales ss, store s, promotion p, date_dim d, customer c, customer_address ca, item i
      WHERE ss.sold_date_sk = d.date_sk AND ss.store_sk = s.store_sk AND ss.promo_sk = p.promo_sk
        AND ss.customer_sk = c.customer_sk AND ca.address_sk = c.current_addr_sk AND ss.item_sk = i.item_sk
        AND ca.gmt_offset = -5 AND i.category = 'Jewelry'
        AND (p.channel_dmail = 'Y' OR p.channel_email = 'Y' OR p.channel_tv = 'Y')) promotional_sales,
     (SELECT sum(ss.ext_sales_price) AS total
      FROM store_sales ss, store s, date_dim d, customer c, customer_address ca, item i
      WHERE ss.sold_date_sk = d.date_sk AND ss.store_sk = s.store_sk AND ss.customer_sk = c.customer_sk
        AND ca.address_sk = c.current_addr_sk AND ss.item_sk = i.item_sk AND ca.gmt_offset = -5 AND i.category = 'Jewelry') all_sales
ORDER BY promotions, total;

-- The first hundred of each category, with subtotals down to the store
SELECT *
FROM (SELECT category, class, brand, product_name, year, qoy, moy, store_id, sumsales,
             rank() OVER (PARTITION BY category ORDER BY sumsales DESC) AS rk
      FROM (SELECT i.category, i.class, i.brand, i.product_name, d.year, d.qoy, d.moy, s.store_id,
                   sum(coalesce(ss.sales_price * ss.quantity, 0)) AS sumsales
            FROM store_sales ss, date_dim d, store s, item i
            WHERE ss.sold_date_sk = d.date_sk AND ss.item_sk = i.item_sk AND ss.store_sk = s.store_sk
            GROUP BY ROLLUP (i.category, i.class, i.brand, i.product_name, d.year, d.qoy, d.moy, s.store_id)) dw1) dw2
WHERE rk <= 100
ORDER BY category, class, brand, product_name, year, qoy, moy, store_id, sumsales, rk
LIMIT 100;

-- Demographics of those who bought in a store and nowhere else
SELECT cd.gender, cd.marital_status, cd.credit_rating, count(*) AS cnt
FROM customer c
JOIN customer_address ca ON c.current_addr_sk = ca.address_sk AND ca.state = ANY ('{KY,GA,NM}')
JOIN customer_demographics cd ON cd.demo_sk = c.current_cdemo_sk
WHERE c.customer_sk IN (
        SELECT customer_sk FROM store_sales
        EXCEPT
        (SELECT bill_customer_sk FROM web_sales UNION SELECT ship_customer_sk FROM catalog_sales))
GROUP BY cd.gender, cd.marital_status, cd.credit_rating
ORDER BY 1, 2, 3
LIMIT 100;

-- Profit by state and county, only in the five best states
SELECT sum(ss.net_profit) AS total_sum, s.state, s.county,
       grouping(s.state, s.county) AS lochierarchy,
       rank() OVER (PARTITION BY grouping(s.state, s.county), CASE WHEN grouping(s.county) = 0 THEN s.state END
                    ORDER BY sum(ss.net_profit) DESC) AS rank_within_parent
FROM store_sales ss, date_dim d1, store s
WHERE d1.month_seq BETWEEN 1200 AND 1200 + 11
  AND d1.date_sk = ss.sold_date_sk AND s.store_sk = ss.store_sk
  AND s.state IN (SELECT state
                  FROM (SELECT s2.state, rank() OVER (PARTITION BY s2.state ORDER BY sum(ss2.net_profit) DESC) AS ranking
                        FROM store_sales ss2, store s2, date_dim d2
                        WHERE d2.date_sk = ss2.sold_date_sk AND s2.store_sk = ss2.store_sk
                        GROUP BY s2.state) tmp1
                  WHERE ranking <= 5)
GROUP BY GROUPING SETS ((s.state, s.county), (s.state), ())
ORDER BY lochierarchy DESC, CASE WHEN grouping(s.state, s.county) = 0 THEN s.state END, rank_within_parent
LIMIT 100;

-- What sells at breakfast and at dinner
SELECT i.brand_id, i.brand, t.hour, t.minute, sum(tmp.ext_price) AS ext_price
FROM item i,
     (SELECT ws.ext_sales_price AS ext_price, ws.sold_date_sk, ws.item_sk AS sold_item_sk, ws.sold_time_sk AS time_sk
      FROM web_sales ws, date_dim d WHERE d.date_sk = ws.sold_date_sk AND d.moy = 11 AND d.year = 1999
      UNION ALL
      SELECT cs.ext_sales_price, cs.sold_date_sk, cs.item_sk, cs.sold_time_sk
      FROM catalog_sales cs, date_dim d WHERE d.date_sk = cs.sold_date_sk AND d.moy = 11 AND d.year = 1999
      UNION ALL
      SELECT ss.ext_sales_price, ss.sold_date_sk, ss.item_sk, ss.sold_time_sk
      FROM store_sales ss, date_dim d WHERE d.date_sk = ss.sold_date_sk AND d.moy = 11 AND d.year = 1999) AS tmp,
     time_dim t
WHERE tmp.sold_item_sk = i.item_sk AND i.manager_id = 1 AND tmp.time_sk = t.time_sk
  AND (t.meal_time = 'breakfast' OR t.meal_time = 'dinner')
GROUP BY i.brand, i.brand_id, t.hour, t.minute
ORDER BY ext_price DESC, i.brand_id;

-- Stock that ran short of an order's quantity
SELECT i.item_desc, w.warehouse_name, d1.week_seq,
       sum(CASE WHEN p.promo_sk IS NULL THEN 1 ELSE 0 END) AS no_promo,
       sum(CASE WHEN p.promo_sk IS NOT NULL THEN 1 ELSE 0 END) AS promo,
       count(*) AS total_cnt
FROM catalog_sales cs
JOIN inventory inv ON (cs.item_sk = inv.item_sk)
JOIN warehouse w ON (w.warehouse_sk = inv.warehouse_sk)
JOIN item i ON (i.item_sk = cs.item_sk)
JOIN customer_demographics cd ON (cs.bill_cdemo_sk = cd.demo_sk)
JOIN household_demographics hd ON (cs.bill_hdemo_sk = hd.demo_sk)
JOIN date_dim d1 ON (cs.sold_date_sk = d1.date_sk)
JOIN date_dim d2 ON (inv.date_sk = d2.date_sk)
JOIN date_dim d3 ON (cs.ship_date_sk = d3.date_sk)
LEFT OUTER JOIN promotion p ON (cs.promo_sk = p.promo_sk)
LEFT OUTER JOIN catalog_returns cr ON (cr.item_sk = cs.item_sk AND cr.order_number = cs.order_number)
WHERE d1.week_seq = d2.week_seq
  AND inv.quantity_on_hand < cs.quantity
  AND d3.day > d1.day + 5
  AND hd.buy_potential = '>10000'
GROUP BY i.item_desc, w.warehouse_name, d1.week_seq
ORDER BY total_cnt DESC, i.item_desc, w.warehouse_name, d1.week_seq
LIMIT 100;

-- Two years of growth through the web against stores, with named windows in the place of self-joins
SELECT customer_id, dyear, store_total, web_total,
       store_total - lag(store_total) OVER per_customer AS store_growth,
       web_total - lag(web_total) OVER per_customer AS web_growth
FROM (SELECT c.customer_id, d.year AS dyear,
             sum(x.net_paid) FILTER (WHERE x.way = 's') AS store_total,
             sum(x.net_paid) FILTER (WHERE x.way = 'w') AS web_total
      FROM customer c
      JOIN (SELECT 's' AS way, customer_sk, sold_date_sk, net_paid FROM store_sales
            UNION ALL
            SELECT 'w', bill_customer_sk, sold_date_sk, net_paid FROM web_sales) x USING (customer_sk)
      JOIN date_dim d ON d.date_sk = x.sold_date_sk
      GROUP BY c.customer_id, d.year) AS yearly
WINDOW per_customer AS (PARTITION BY customer_id ORDER BY dyear)
ORDER BY customer_id, dyear
LIMIT 100;

-- What was sold less what was returned, per brand, in two years
WITH all_sales AS (
    SELECT year, brand_id, sum(sales_cnt) AS sales_cnt, sum(sales_amt) AS sales_amt
    FROM (SELECT d.year, i.brand_id, cs.quantity - coalesce(cr.return_quantity, 0) AS sales_cnt,
                 cs.ext_sales_price - coalesce(cr.return_amount, 0.0) AS sales_amt
          FROM catalog_sales cs
          JOIN item i ON i.item_sk = cs.item_sk
          JOIN date_dim d ON d.date_sk = cs.sold_date_sk
          LEFT JOIN catalog_returns cr ON (cs.order_number = cr.order_number AND cs.item_sk = cr.item_sk)
          UNION
          SELECT d.year, i.brand_id, ss.quantity - coalesce(sr.return_quantity, 0),
                 ss.ext_sales_price - coalesce(sr.refund, 0.0)
          FROM store_sales ss
          JOIN item i ON i.item_sk = ss.item_sk
          JOIN date_dim d ON d.date_sk = ss.sold_date_sk
          LEFT JOIN store_returns sr ON (ss.ticket_number = sr.ticket_number AND ss.item_sk = sr.item_sk)) sales_detail
    GROUP BY year, brand_id
)
SELECT prev_yr.year AS prev_year, curr_yr.year AS year, curr_yr.brand_id,
       prev_yr.sales_cnt AS prev_yr_cnt, curr_yr.sales_cnt AS curr_yr_cnt,
       curr_yr.sales_cnt - prev_yr.sales_cnt AS sales_cnt_diff
FROM all_sales curr_yr, all_sales prev_yr
WHERE curr_yr.brand_id = prev_yr.brand_id
  AND curr_yr.year = 2002 AND prev_yr.year = 2002 - 1
  AND CAST(curr_yr.sales_cnt AS decimal(17, 2)) / CAST(prev_yr.sales_cnt AS decimal(17, 2)) < 0.9
ORDER BY sales_cnt_diff, curr_yr.brand_id
LIMIT 100;

-- Sales where a key is missing
SELECT way, col_name, year, qoy, category, count(*) AS sales_cnt, sum(ext_sales_price) AS sales_amt
FROM (
    SELECT 'store' AS way, 'store_sk' AS col_name, d.year, d.qoy, i.category, ss.ext_sales_price
    FROM store_sales ss, item i, date_dim d
    WHERE ss.store_sk IS NULL AND ss.sold_date_sk = d.date_sk AND ss.item_sk = i.item_sk
    UNION ALL
    SELECT 'web', 'ship_customer_sk', d.year, d.qoy, i.category, ws.ext_sales_price
    FROM web_sales ws, item i, date_dim d
    WHERE ws.ship_customer_sk IS NULL AND ws.sold_date_sk = d.date_sk AND ws.item_sk = i.item_sk
    UNION ALL
    SELECT 'catalog', 'ship_addr_sk', d.year, d.qoy, i.category, cs.ext_sales_price
    FROM catalog_sales cs, item i, date_dim d
    WHERE cs.ship_addr_sk IS NULL AND cs.sold_date_sk = d.date_sk AND cs.item_sk = i.item_sk
) foo
GROUP BY way, col_name, year, qoy, category
ORDER BY way, col_name, year, qoy, category
LIMIT 100;

-- Profit and loss of outlets with totals in a cube
SELECT coalesce(s.state, '(all)') AS state, coalesce(i.category, '(all)') AS category, d.year,
       sum(ss.net_profit) AS profit, grouping(s.state, i.category, d.year) AS level
FROM store_sales ss
JOIN store s USING (store_sk)
JOIN item i USING (item_sk)
JOIN date_dim d ON d.date_sk = ss.sold_date_sk
GROUP BY CUBE (s.state, i.category), d.year
HAVING sum(ss.net_profit) <> 0
ORDER BY level, state, category, d.year;

-- Customers of a town with an income in a band
SELECT c.customer_id AS customer_id, concat_ws(', ', c.last_name, coalesce(c.first_name, '')) AS customername
FROM customer c, customer_address ca, customer_demographics cd, household_demographics hd, income_band ib, store_returns sr
WHERE ca.city = 'Edgewood'
  AND c.current_addr_sk = ca.address_sk
  AND ib.lower_bound >= 38128 AND ib.upper_bound <= 38128 + 50000
  AND ib.income_band_sk = hd.income_band_sk
  AND cd.demo_sk = c.current_cdemo_sk AND hd.demo_sk = c.current_hdemo_sk AND sr.cdemo_sk = cd.demo_sk
ORDER BY c.customer_id
LIMIT 100;

-- Why goods come back
SELECT substr(r.reason_desc, 1, 20), avg(ws.quantity), avg(wr.refunded_cash), avg(wr.fee)
FROM web_sales ws
INNER JOIN web_returns wr ON ws.item_sk = wr.item_sk AND ws.order_number = wr.order_number
INNER JOIN reason r ON r.reason_sk = wr.reason_sk
INNER JOIN customer_demographics cd1 ON cd1.demo_sk = wr.refunded_cdemo_sk
INNER JOIN customer_demographics cd2 ON cd2.demo_sk = wr.returning_cdemo_sk
WHERE (cd1.marital_status, cd1.education_status) IN (('M', 'Advanced Degree'), ('S', 'College'))
  AND ROW(cd1.marital_status, cd1.education_status) = ROW(cd2.marital_status, cd2.education_status)
GROUP BY r.reason_desc
ORDER BY 1, 2, 3, 4
LIMIT 100;

-- The web's sales by category and class, ranked within each parent
SELECT sum(ws.net_paid) AS total_sum, i.category, i.class, grouping(i.category) + grouping(i.class) AS lochierarchy
FROM web_sales ws, date_dim d1, item i
WHERE d1.month_seq BETWEEN 1200 AND 1211 AND d1.date_sk = ws.sold_date_sk AND i.item_sk = ws.item_sk
GROUP BY ROLLUP (i.category, i.class)
ORDER BY grouping(i.category) + grouping(i.class) DESC, rank() OVER (ORDER BY sum(ws.net_paid) DESC)
LIMIT 100;

-- People who bought in stores, and never through the catalogue or the web, on the same day
SELECT count(*)
FROM ((SELECT DISTINCT c.last_name, c.first_name, d.day
       FROM store_sales ss, date_dim d, customer c
       WHERE ss.sold_date_sk = d.date_sk AND ss.customer_sk = c.customer_sk AND d.month_seq BETWEEN 1200 AND 1211)
      EXCEPT
      (SELECT DISTINCT c.last_name, c.first_name, d.day
       FROM catalog_sales cs, date_dim d, customer c
       WHERE cs.sold_date_sk = d.date_sk AND cs.bill_customer_sk = c.customer_sk AND d.month_seq BETWEEN 1200 AND 1211)
      EXCEPT
      (SELECT DISTINCT c.last_name, c.first_name, d.day
       FROM web_sales ws, date_dim d, customer c
       WHERE ws.sold_date_sk = d.date_sk AND ws.bill_customer_sk = c.customer_sk AND d.month_seq BETWEEN 1200 AND 1211)) AS cool_cust;

-- Customers in a store by the half hour
SELECT *
FROM (SELECT count(*) AS h8_30_to_9
      FROM store_sales ss, household_demographics hd, time_dim t, store s
      WHERE ss.sold_time_sk = t.time_sk AND ss.hdemo_sk = hd.demo_sk AND ss.store_sk = s.store_sk
        AND t.hour = 8 AND t.minute >= 30 AND (hd.dep_count = 4 AND hd.vehicle_count <= 4 + 2)) s1
CROSS JOIN
     (SELECT count(*) AS h9_to_9_30
      FROM store_sales ss, household_demographics hd, time_dim t, store s
      WHERE ss.sold_time_sk = t.time_sk AND ss.hdemo_sk = hd.demo_sk AND ss.store_sk = s.store_sk
        AND t.hour = 9 AND t.minute < 30 AND (hd.dep_count = 2 AND hd.vehicle_count <= 2 + 2)) s2;

-- Morning to evening, as a ratio
SELECT cast(amc AS decimal(15, 4)) / cast(pmc AS decimal(15, 4)) AS am_pm_ratio
FROM (SELECT count(*) AS amc FROM web_sales ws, time_dim t, web_page wp
      WHERE ws.sold_time_sk = t.time_sk AND ws.web_page_sk = wp.web_page_sk AND t.hour BETWEEN 8 AND 8 + 1
        AND wp.char_count BETWEEN 5000 AND 5200) at,
     (SELECT count(*) AS pmc FROM web_sales ws, time_dim t, web_page wp
      WHERE ws.sold_time_sk = t.time_sk AND ws.web_page_sk = wp.web_page_sk AND t.hour BETWEEN 19 AND 19 + 1
        AND wp.char_count BETWEEN 5000 AND 5200) pt
ORDER BY am_pm_ratio
LIMIT 100;

-- Losses of the call centres
SELECT cc.call_center_id AS "Call_Center", cc.name AS "Call_Center_Name", cc.manager AS "Manager", sum(cr.net_loss) AS "Returns_Loss"
FROM call_center cc, catalog_returns cr, date_dim d, customer c, customer_address ca
WHERE cr.call_center_sk = cc.call_center_sk AND cr.returned_date_sk = d.date_sk AND cr.returning_customer_sk = c.customer_sk
  AND ca.address_sk = c.current_addr_sk AND ca.gmt_offset = -7
GROUP BY 1, 2, 3
ORDER BY sum(cr.net_loss) DESC;

-- What customers paid for what they kept
SELECT customer_sk, sum(act_sales) AS sumsales
FROM (SELECT ss.item_sk, ss.ticket_number, ss.customer_sk,
             CASE WHEN sr.return_quantity IS NOT NULL THEN (ss.quantity - sr.return_quantity) * ss.sales_price
                  ELSE (ss.quantity * ss.sales_price) END AS act_sales
      FROM store_sales ss LEFT OUTER JOIN store_returns sr ON (sr.item_sk = ss.item_sk AND sr.ticket_number = ss.ticket_number), reason r
      WHERE sr.reason_sk = r.reason_sk AND r.reason_desc = 'reason 28') t
GROUP BY customer_sk
ORDER BY sumsales, customer_sk
LIMIT 100;

-- Web orders that went out of two warehouses and came back
WITH ws_wh AS (
    SELECT ws1.order_number, ws1.warehouse_sk AS wh1, ws2.warehouse_sk AS wh2
    FROM web_sales ws1, web_sales ws2
    WHERE ws1.order_number = ws2.order_number AND ws1.warehouse_sk <> ws2.warehouse_sk
)
SELECT count(DISTINCT ws1.order_number) AS "order count", sum(ws1.ext_ship_cost) AS "shipping", sum(ws1.net_profit) AS "profit"
FROM web_sales ws1, date_dim d, customer_address ca, web_site w
WHERE d.day BETWEEN '1999-02-01' AND (cast('1999-02-01' AS date) + interval '60 days')
  AND ws1.ship_date_sk = d.date_sk AND ws1.ship_addr_sk = ca.address_sk AND ca.state = 'IL'
  AND ws1.web_site_sk = w.web_site_sk AND w.company_name = 'pri'
  AND ws1.order_number IN (SELECT order_number FROM ws_wh)
  AND ws1.order_number IN (SELECT wr.order_number FROM web_returns wr, ws_wh WHERE wr.order_number = ws_wh.order_number)
ORDER BY count(DISTINCT ws1.order_number)
LIMIT 100;

-- Customers of stores only, of the catalogue only, of both
WITH ssci AS (
    SELECT ss.customer_sk, ss.item_sk FROM store_sales ss, date_dim d
    WHERE ss.sold_date_sk = d.date_sk AND d.month_seq BETWEEN 1200 AND 1211
    GROUP BY ss.customer_sk, ss.item_sk
), csci AS (
    SELECT cs.bill_customer_sk AS customer_sk, cs.item_sk FROM catalog_sales cs, date_dim d
    WHERE cs.sold_date_sk = d.date_sk AND d.month_seq BETWEEN 1200 AND 1211
    GROUP BY cs.bill_customer_sk, cs.item_sk
)
SELECT count(*) FILTER (WHERE ssci.customer_sk IS NOT NULL AND csci.customer_sk IS NULL) AS store_only,
       count(*) FILTER (WHERE ssci.customer_sk IS NULL AND csci.customer_sk IS NOT NULL) AS catalog_only,
       count(*) FILTER (WHERE ssci.customer_sk IS NOT NULL AND csci.customer_sk IS NOT NULL) AS store_and_catalog
FROM ssci NATURAL FULL JOIN csci
LIMIT 100;

-- Days to ship, by warehouse and mode
SELECT left(w.warehouse_name, 20), sm.type, web.name,
       count(*) FILTER (WHERE ws.ship_date_sk - ws.sold_date_sk <= 30) AS "30 days",
       count(*) FILTER (WHERE ws.ship_date_sk - ws.sold_date_sk BETWEEN 31 AND 60) AS "31-60 days",
       percentile_cont(0.9) WITHIN GROUP (ORDER BY ws.ship_date_sk - ws.sold_date_sk) AS p90,
       mode() WITHIN GROUP (ORDER BY ws.ship_date_sk - ws.sold_date_sk) AS usual
FROM web_sales ws, warehouse w, ship_mode sm, web_site web, date_dim d
WHERE d.month_seq BETWEEN 1200 AND 1211 AND ws.ship_date_sk = d.date_sk AND ws.warehouse_sk = w.warehouse_sk
  AND ws.ship_mode_sk = sm.ship_mode_sk AND ws.web_site_sk = web.web_site_sk
GROUP BY left(w.warehouse_name, 20), sm.type, web.name
ORDER BY 1, 2, 3
LIMIT 100;

-- Monthly cohorts: how many customers of a first month still bought n months later
WITH first_month AS MATERIALIZED (
    SELECT ss.customer_sk, min(d.month_seq) AS cohort
    FROM store_sales ss JOIN date_dim d ON d.date_sk = ss.sold_date_sk
    GROUP BY ss.customer_sk
), activity AS NOT MATERIALIZED (
    SELECT DISTINCT f.cohort, d.month_seq - f.cohort AS age, ss.customer_sk
    FROM first_month f
    JOIN store_sales ss USING (customer_sk)
    JOIN date_dim d ON d.date_sk = ss.sold_date_sk
)
SELECT cohort, age, count(*) AS active,
       round(100.0 * count(*) / first_value(count(*)) OVER (PARTITION BY cohort ORDER BY age), 1) AS percent_left
FROM activity
GROUP BY cohort, age
ORDER BY cohort, age;

-- Moving average and share of the best day over a frame of a week
SELECT d.day, s.store_name, sum(ss.net_paid) AS takings,
       avg(sum(ss.net_paid)) OVER week AS moving_average,
       sum(ss.net_paid) / max(sum(ss.net_paid)) OVER week AS of_best,
       count(*) OVER (by_store ROWS BETWEEN 6 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS others
FROM store_sales ss JOIN date_dim d ON d.date_sk = ss.sold_date_sk JOIN store s USING (store_sk)
GROUP BY d.day, s.store_name
WINDOW by_store AS (PARTITION BY s.store_name ORDER BY d.day), week AS (by_store ROWS BETWEEN 6 PRECEDING AND CURRENT ROW)
ORDER BY s.store_name, d.day;

-- Sales by day with days of none filled in
SELECT g.day::date, coalesce(x.takings, 0) AS takings
FROM generate_series(date '2002-01-01', date '2002-12-31', interval '1 day') AS g(day)
LEFT JOIN LATERAL (
    SELECT sum(ss.net_paid) AS takings
    FROM store_sales ss, date_dim d
    WHERE d.date_sk = ss.sold_date_sk AND d.day = g.day::date
) x ON true
ORDER BY 1;

-- Baskets: pairs of items that are bought together
SELECT a.item_sk AS left_item, b.item_sk AS right_item, count(*) AS together,
       count(*)::float8 / (SELECT count(DISTINCT ticket_number) FROM store_sales) AS support
FROM store_sales a
JOIN store_sales b ON a.ticket_number = b.ticket_number AND a.item_sk < b.item_sk
GROUP BY a.item_sk, b.item_sk
HAVING count(*) >= 20
ORDER BY together DESC, 1, 2
FETCH FIRST 50 ROWS WITH TIES;

-- Sessions of a web customer: a gap of half an hour starts a new one
WITH clicks AS (
    SELECT customer_sk, at, CASE WHEN at - lag(at) OVER w > interval '30' minute THEN 1 ELSE 0 END AS starts
    FROM web_clicks
    WINDOW w AS (PARTITION BY customer_sk ORDER BY at)
), numbered AS (
    SELECT customer_sk, at, sum(starts) OVER (PARTITION BY customer_sk ORDER BY at ROWS UNBOUNDED PRECEDING) AS session
    FROM clicks
)
SELECT customer_sk, session, min(at) AS started, max(at) - min(at) AS lasted, count(*) AS clicks
FROM numbered
GROUP BY customer_sk, session
HAVING count(*) > 1
ORDER BY lasted DESC NULLS LAST
LIMIT 100;

-- The managers' tree with the takings below each
WITH RECURSIVE tree AS (
    SELECT e.employee_sk, e.manager_sk, e.name, ARRAY[e.employee_sk] AS path, 0 AS depth
    FROM employee e WHERE e.manager_sk IS NULL
    UNION ALL
    SELECT e.employee_sk, e.manager_sk, e.name, t.path || e.employee_sk, t.depth + 1
    FROM employee e JOIN tree t ON e.manager_sk = t.employee_sk
), takings AS (
    SELECT s.manager_sk, sum(ss.net_paid) AS own
    FROM store s JOIN store_sales ss USING (store_sk)
    GROUP BY s.manager_sk
)
SELECT repeat('  ', t.depth) || t.name AS who,
       (SELECT sum(k.own) FROM takings k JOIN tree u ON u.employee_sk = k.manager_sk WHERE t.employee_sk = ANY (u.path)) AS below
FROM tree t
ORDER BY t.path;
