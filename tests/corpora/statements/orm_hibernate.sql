-- What Hibernate sends, with ? as the driver turns it into $n
select u1_0.id,u1_0.email,u1_0.full_name,u1_0.version from users u1_0 where u1_0.id=$1;

select u1_0.id,u1_0.email,a1_0.user_id,a1_0.id,a1_0.street from users u1_0 left join addresses a1_0 on u1_0.id=a1_0.user_id where u1_0.id=$1;

select o1_0.id,o1_0.customer_id,c1_0.id,c1_0.name,o1_0.total from orders o1_0 join customers c1_0 on c1_0.id=o1_0.customer_id where c1_0.name like $1 escape '' order by o1_0.total desc fetch first $2 rows only;

select p1_0.id,p1_0.title from posts p1_0 order by p1_0.id offset $1 rows fetch next $2 rows only;

select p1_0.id from posts p1_0 offset 5 rows fetch first 10 rows only;

select count(*) from orders o1_0;

select count(distinct o1_0.customer_id),sum(o1_0.total),max(o1_0.placed_at) from orders o1_0 where o1_0.status in ($1,$2,$3);

select b1_0.id,case when b1_1.id is not null then 1 when b1_2.id is not null then 2 when b1_0.id is not null then 0 end,b1_0.name,b1_1.pages,b1_2.minutes from media b1_0 left join books b1_1 on b1_0.id=b1_1.id left join films b1_2 on b1_0.id=b1_2.id;

select a1_0.id,a1_0.clazz_,a1_0.balance,a1_0.overdraft,a1_0.rate from (select id, balance, overdraft, null::numeric as rate, 1 as clazz_ from debit_account union all select id, balance, null::numeric as overdraft, rate, 2 as clazz_ from credit_account) a1_0 where a1_0.id=$1;

select e1_0.id,e1_0.kind,e1_0.salary from employee e1_0 where e1_0.kind in ('M','E') and e1_0.dept_id=$1;

select t1_0.post_id,t1_1.id,t1_1.name from post_tags t1_0 join tags t1_1 on t1_1.id=t1_0.tag_id where t1_0.post_id=any($1);

select c1_0.id from customers c1_0 where exists(select 1 from orders o1_0 where c1_0.id=o1_0.customer_id and o1_0.total>$1);

select c1_0.id,(select count(o1_0.id) from orders o1_0 where o1_0.customer_id=c1_0.id) from customers c1_0 where not exists(select o2_0.id from orders o2_0 where o2_0.customer_id=c1_0.id and o2_0.status='VOID');

select d1_0.id,d1_0.name,count(e1_0.id),avg(e1_0.salary) from department d1_0 left join employee e1_0 on d1_0.id=e1_0.dept_id group by d1_0.id,d1_0.name having count(e1_0.id)>$1 order by 3 desc nulls last;

select s1_0.id,s1_0.tenant from settings s1_0 where (s1_0.id,s1_0.tenant)=($1,$2);

select s1_0.id from settings s1_0 where (s1_0.id,s1_0.tenant) in (($1,$2),($3,$4));

select i1_0.id from invoice i1_0 where i1_0.id=$1 for no key update;

select i1_0.id from invoice i1_0 where i1_0.id=$1 for share of i1_0;

select i1_0.id,i1_0.state from invoice i1_0 where i1_0.state='NEW' order by i1_0.id fetch first $1 rows only for no key update of i1_0 skip locked;

select n1_0.id,n1_0.parent_id,p1_0.id,p1_0.parent_id,p2_0.id from node n1_0 left join node p1_0 on p1_0.id=n1_0.parent_id left join node p2_0 on p2_0.id=p1_0.parent_id where n1_0.id=$1;

select upper(u1_0.full_name),(u1_0.first||' '||u1_0.last),length(u1_0.email),cast(u1_0.id as text),extract(year from u1_0.born),coalesce(u1_0.nick,'-'),nullif(u1_0.nick,''),position('x' in u1_0.email),trim(both from u1_0.nick),substring(u1_0.email,1,3) from users u1_0;

select u1_0.id from users u1_0 where lower(u1_0.email) like ('%'||lower($1)||'%') escape '\';

select o1_0.id,rank() over(partition by o1_0.customer_id order by o1_0.total desc),sum(o1_0.total) over(order by o1_0.placed_at rows between unbounded preceding and current row) from orders o1_0;

with recursive tree (id,parent_id,depth) as (select n1_0.id,n1_0.parent_id,0 from node n1_0 where n1_0.parent_id is null union all select n2_0.id,n2_0.parent_id,(t1_0.depth+1) from tree t1_0 join node n2_0 on n2_0.parent_id=t1_0.id) select t2_0.id,t2_0.depth from tree t2_0 order by t2_0.depth;

select u1_0.email from users u1_0 union all select c1_0.email from contacts c1_0 order by 1 fetch first 20 rows only;

select l1_0.id,l1_0.lines_order,l1_0.sku from order_lines l1_0 where l1_0.order_id=$1 and l1_0.deleted=false order by l1_0.lines_order;

select o1_0.id,l1_0.total from orders o1_0 cross join lateral (select sum(l2_0.price*l2_0.qty) total from order_lines l2_0 where l2_0.order_id=o1_0.id) l1_0 where l1_0.total>=$1;

select nextval('users_seq');

select tbl.next_val as id_val from hibernate_sequences tbl where tbl.sequence_name='orders' for no key update;

update hibernate_sequences set next_val= 51 where next_val=1 and sequence_name='orders';

insert into users (created_at,email,full_name,version,id) values ($1,$2,$3,$4,$5);

insert into users (email,full_name,id) values ($1,$2,default) returning id,created_at;

insert into ht_orders(id,rn_) select o1_0.id,row_number() over() from orders o1_0 where o1_0.total<$1;

insert into archive_orders as ao1_0 (id,total) select o1_0.id,o1_0.total from orders o1_0 where o1_0.placed_at<$1 on conflict (id) do update set total=excluded.total where ao1_0.total<>excluded.total;

update users set email=$1,full_name=$2,version=$3 where id=$4 and version=$5;

update employee e1_0 set salary=(e1_0.salary*1.1) where e1_0.dept_id=(select d1_0.id from department d1_0 where d1_0.name=$1);

update orders o1_0 set status='LATE' from customers c1_0 where o1_0.customer_id=c1_0.id and c1_0.vip=true;

delete from users where id=$1 and version=$2;

delete from order_lines l1_0 where l1_0.order_id in (select o1_0.id from orders o1_0 where o1_0.status=$1);

delete from post_tags to_delete_ where to_delete_.post_id=$1 and exists(select 1 from tags t1_0 where t1_0.id=to_delete_.tag_id);

merge into stock s1_0 using (select cast($1 as bigint) id, cast($2 as integer) qty) e on (s1_0.id=e.id) when not matched then insert (id,qty) values (e.id,e.qty) when matched then update set qty=e.qty;

create sequence users_seq start with 1 increment by 50;

create table users (id bigint not null, active boolean not null, email varchar(255) unique, bio oid, role varchar(255) check ((role in ('USER','ADMIN'))), born date, balance numeric(38,2), photo bytea, primary key (id));

alter table if exists addresses add constraint FK1fa36y2oqhao3wgg2rw1pi459 foreign key (user_id) references users;

alter table if exists addresses drop constraint if exists FK1fa36y2oqhao3wgg2rw1pi459;

drop table if exists users cascade;

create global temporary table HT_orders(id bigint not null, rn_ integer not null, primary key (rn_)) on commit delete rows;

create local temporary table HTE_users(id bigint, hib_sess_id uuid not null) on commit drop;
