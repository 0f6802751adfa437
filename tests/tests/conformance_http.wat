(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $resume (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $act_on (param i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "callback=")
  (data (i32.const 100) "EDIT")
  (data (i32.const 110) "x-act")
  (data (i32.const 120) "content-length")
  (data (i32.const 140) "x-a")
  (data (i32.const 150) "x-added")
  ;; Pairs: x-by: EDIT
  (data (i32.const 160) "\01\00\00\00\04\00\00\00\04\00\00\00x-by\00EDIT\00")
  ;; What to do with the request that is here, by the letter; and what waits for the timer: its context, and its stream.
  (global $act (mut i32) (i32.const 0))
  (global $waits (mut i32) (i32.const 0))
  (global $stream (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 65536))
  (func $say (param $letter i32) (param $one i32) (param $two i32)
    (i32.store8 (i32.const 9) (local.get $letter))
    (i32.store8 (i32.const 10) (i32.add (i32.const 48) (local.get $one)))
    (i32.store8 (i32.const 11) (i32.add (i32.const 48) (local.get $two)))
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 12))))
  (func $acts (param $letter i32) (result i32) (i32.eq (global.get $act) (local.get $letter)))
  (func $answer
    (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 4)
      (i32.const 160) (i32.const 22) (i32.const -1))))
  (func $wait (param $context i32) (param $which i32)
    (global.set $waits (local.get $context))
    (global.set $stream (local.get $which)))
  (func $edit (param $buffer i32)
    (drop (call $set (local.get $buffer) (i32.const 0) (i32.const -1) (i32.const 100) (i32.const 4))))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $tick (i32.const 50))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (local $context i32)
    (local.set $context (global.get $waits))
    (global.set $waits (i32.const 0))
    (if (local.get $context) (then
      (if (i32.eqz (call $act_on (local.get $context))) (then
        (drop (call $resume (global.get $stream))))))))
  (func (export "proxy_on_context_create") (param i32 i32)
    (if (local.get 1) (then (call $say (i32.const 67) (i32.const 0) (i32.const 0)))))
  (func (export "proxy_on_request_headers") (param $context i32) (param i32) (param $end i32) (result i32)
    (call $say (i32.const 81) (i32.const 0) (local.get $end))
    (global.set $act (i32.const 0))
    (if (i32.eqz (call $header (i32.const 0) (i32.const 110) (i32.const 5) (i32.const 200) (i32.const 204))) (then
      (global.set $act (i32.load8_u (i32.load (i32.const 200))))))
    ;; l: answer
    (if (call $acts (i32.const 108)) (then (call $answer) (return (i32.const 1))))
    ;; c: close
    (if (call $acts (i32.const 99)) (then (drop (call $close (i32.const 0))) (return (i32.const 1))))
    ;; a: change headers
    (if (call $acts (i32.const 97)) (then
      (drop (call $replace (i32.const 0) (i32.const 140) (i32.const 3) (i32.const 100) (i32.const 4)))
      (drop (call $add (i32.const 0) (i32.const 150) (i32.const 7) (i32.const 100) (i32.const 4)))))
    ;; w: wait for the timer
    (if (call $acts (i32.const 119)) (then
      (call $wait (local.get $context) (i32.const 0)) (return (i32.const 1))))
    ;; e: the body will have another length
    (if (call $acts (i32.const 101)) (then
      (drop (call $remove (i32.const 0) (i32.const 120) (i32.const 14)))))
    ;; p, L: wait for the end, where there is more
    (i32.and (i32.eqz (local.get $end))
      (i32.or (call $acts (i32.const 112)) (call $acts (i32.const 76)))))
  (func (export "proxy_on_request_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
    (call $say (i32.const 66) (local.get $size) (local.get $end))
    (if (call $acts (i32.const 76)) (then (call $answer) (return (i32.const 1))))
    (if (i32.and (call $acts (i32.const 101)) (local.get $end)) (then (call $edit (i32.const 0))))
    ;; n: drop it
    (if (i32.and (call $acts (i32.const 110)) (i32.eqz (local.get $end))) (then (return (i32.const 3))))
    (i32.and (i32.eqz (local.get $end))
      (i32.or (call $acts (i32.const 112)) (call $acts (i32.const 101)))))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (call $say (i32.const 84) (i32.const 0) (i32.const 0)) (i32.const 0))
  (func (export "proxy_on_response_headers") (param $context i32) (param i32) (param $end i32) (result i32)
    (call $say (i32.const 82) (i32.const 0) (local.get $end))
    ;; r: answer in its place
    (if (call $acts (i32.const 114)) (then (call $answer) (return (i32.const 1))))
    ;; W: wait for the timer
    (if (call $acts (i32.const 87)) (then
      (call $wait (local.get $context) (i32.const 1)) (return (i32.const 1))))
    (if (call $acts (i32.const 69)) (then
      (drop (call $remove (i32.const 2) (i32.const 120) (i32.const 14)))))
    ;; h: wait for the end
    (i32.and (i32.eqz (local.get $end)) (call $acts (i32.const 104))))
  (func (export "proxy_on_response_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
    (call $say (i32.const 83) (local.get $size) (local.get $end))
    ;; s: answer; d: close
    (if (call $acts (i32.const 115)) (then (call $answer) (return (i32.const 1))))
    (if (call $acts (i32.const 100)) (then (drop (call $close (i32.const 1))) (return (i32.const 1))))
    ;; E: edit
    (if (i32.and (call $acts (i32.const 69)) (local.get $end)) (then (call $edit (i32.const 1))))
    (i32.and (i32.eqz (local.get $end))
      (i32.or (call $acts (i32.const 104)) (call $acts (i32.const 69)))))
  (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
    (call $say (i32.const 85) (i32.const 0) (i32.const 0)) (i32.const 0))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $say (i32.const 88) (i32.const 0) (i32.const 0)) (i32.const 1))
  (func (export "proxy_on_log") (param i32) (call $say (i32.const 76) (i32.const 0) (i32.const 0)))
  (func (export "proxy_on_delete") (param i32) (call $say (i32.const 90) (i32.const 0) (i32.const 0))))
