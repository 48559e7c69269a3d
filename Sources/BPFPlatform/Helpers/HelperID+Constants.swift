/// Every helper by name. Computed, so that a `switch` over them compiles to a jump table.
extension HelperID {
  /// `bpf_map_lookup_elem`
  @inlinable public static var mapLookupElement: HelperID { HelperID(rawValue: 1) }
  /// `bpf_map_update_elem`
  @inlinable public static var mapUpdateElement: HelperID { HelperID(rawValue: 2) }
  /// `bpf_map_delete_elem`
  @inlinable public static var mapDeleteElement: HelperID { HelperID(rawValue: 3) }
  /// `bpf_probe_read`
  @inlinable public static var probeRead: HelperID { HelperID(rawValue: 4) }
  /// `bpf_ktime_get_ns`
  @inlinable public static var ktimeGetNanoseconds: HelperID { HelperID(rawValue: 5) }
  /// `bpf_trace_printk`
  @inlinable public static var tracePrintk: HelperID { HelperID(rawValue: 6) }
  /// `bpf_get_prandom_u32`
  @inlinable public static var getRandomU32: HelperID { HelperID(rawValue: 7) }
  /// `bpf_get_smp_processor_id`
  @inlinable public static var getProcessorID: HelperID { HelperID(rawValue: 8) }
  /// `bpf_skb_store_bytes`
  @inlinable public static var skbStoreBytes: HelperID { HelperID(rawValue: 9) }
  /// `bpf_l3_csum_replace`
  @inlinable public static var l3ChecksumReplace: HelperID { HelperID(rawValue: 10) }
  /// `bpf_l4_csum_replace`
  @inlinable public static var l4ChecksumReplace: HelperID { HelperID(rawValue: 11) }
  /// `bpf_tail_call`
  @inlinable public static var tailCall: HelperID { HelperID(rawValue: 12) }
  /// `bpf_clone_redirect`
  @inlinable public static var cloneRedirect: HelperID { HelperID(rawValue: 13) }
  /// `bpf_get_current_pid_tgid`
  @inlinable public static var getCurrentPIDTGID: HelperID { HelperID(rawValue: 14) }
  /// `bpf_get_current_uid_gid`
  @inlinable public static var getCurrentUIDGID: HelperID { HelperID(rawValue: 15) }
  /// `bpf_get_current_comm`
  @inlinable public static var getCurrentComm: HelperID { HelperID(rawValue: 16) }
  /// `bpf_get_cgroup_classid`
  @inlinable public static var getCgroupClassID: HelperID { HelperID(rawValue: 17) }
  /// `bpf_skb_vlan_push`
  @inlinable public static var skbVLANPush: HelperID { HelperID(rawValue: 18) }
  /// `bpf_skb_vlan_pop`
  @inlinable public static var skbVLANPop: HelperID { HelperID(rawValue: 19) }
  /// `bpf_skb_get_tunnel_key`
  @inlinable public static var skbGetTunnelKey: HelperID { HelperID(rawValue: 20) }
  /// `bpf_skb_set_tunnel_key`
  @inlinable public static var skbSetTunnelKey: HelperID { HelperID(rawValue: 21) }
  /// `bpf_perf_event_read`
  @inlinable public static var perfEventRead: HelperID { HelperID(rawValue: 22) }
  /// `bpf_redirect`
  @inlinable public static var redirect: HelperID { HelperID(rawValue: 23) }
  /// `bpf_get_route_realm`
  @inlinable public static var getRouteRealm: HelperID { HelperID(rawValue: 24) }
  /// `bpf_perf_event_output`
  @inlinable public static var perfEventOutput: HelperID { HelperID(rawValue: 25) }
  /// `bpf_skb_load_bytes`
  @inlinable public static var skbLoadBytes: HelperID { HelperID(rawValue: 26) }
  /// `bpf_get_stackid`
  @inlinable public static var getStackID: HelperID { HelperID(rawValue: 27) }
  /// `bpf_csum_diff`
  @inlinable public static var checksumDifference: HelperID { HelperID(rawValue: 28) }
  /// `bpf_skb_get_tunnel_opt`
  @inlinable public static var skbGetTunnelOption: HelperID { HelperID(rawValue: 29) }
  /// `bpf_skb_set_tunnel_opt`
  @inlinable public static var skbSetTunnelOption: HelperID { HelperID(rawValue: 30) }
  /// `bpf_skb_change_proto`
  @inlinable public static var skbChangeProtocol: HelperID { HelperID(rawValue: 31) }
  /// `bpf_skb_change_type`
  @inlinable public static var skbChangeType: HelperID { HelperID(rawValue: 32) }
  /// `bpf_skb_under_cgroup`
  @inlinable public static var skbUnderCgroup: HelperID { HelperID(rawValue: 33) }
  /// `bpf_get_hash_recalc`
  @inlinable public static var getHashRecalc: HelperID { HelperID(rawValue: 34) }
  /// `bpf_get_current_task`
  @inlinable public static var getCurrentTask: HelperID { HelperID(rawValue: 35) }
  /// `bpf_probe_write_user`
  @inlinable public static var probeWriteUser: HelperID { HelperID(rawValue: 36) }
  /// `bpf_current_task_under_cgroup`
  @inlinable public static var currentTaskUnderCgroup: HelperID { HelperID(rawValue: 37) }
  /// `bpf_skb_change_tail`
  @inlinable public static var skbChangeTail: HelperID { HelperID(rawValue: 38) }
  /// `bpf_skb_pull_data`
  @inlinable public static var skbPullData: HelperID { HelperID(rawValue: 39) }
  /// `bpf_csum_update`
  @inlinable public static var checksumUpdate: HelperID { HelperID(rawValue: 40) }
  /// `bpf_set_hash_invalid`
  @inlinable public static var setHashInvalid: HelperID { HelperID(rawValue: 41) }
  /// `bpf_get_numa_node_id`
  @inlinable public static var getNUMANodeID: HelperID { HelperID(rawValue: 42) }
  /// `bpf_skb_change_head`
  @inlinable public static var skbChangeHead: HelperID { HelperID(rawValue: 43) }
  /// `bpf_xdp_adjust_head`
  @inlinable public static var xdpAdjustHead: HelperID { HelperID(rawValue: 44) }
  /// `bpf_probe_read_str`
  @inlinable public static var probeReadString: HelperID { HelperID(rawValue: 45) }
  /// `bpf_get_socket_cookie`
  @inlinable public static var getSocketCookie: HelperID { HelperID(rawValue: 46) }
  /// `bpf_get_socket_uid`
  @inlinable public static var getSocketUID: HelperID { HelperID(rawValue: 47) }
  /// `bpf_set_hash`
  @inlinable public static var setHash: HelperID { HelperID(rawValue: 48) }
  /// `bpf_setsockopt`
  @inlinable public static var setSocketOption: HelperID { HelperID(rawValue: 49) }
  /// `bpf_skb_adjust_room`
  @inlinable public static var skbAdjustRoom: HelperID { HelperID(rawValue: 50) }
  /// `bpf_redirect_map`
  @inlinable public static var redirectMap: HelperID { HelperID(rawValue: 51) }
  /// `bpf_sk_redirect_map`
  @inlinable public static var socketRedirectMap: HelperID { HelperID(rawValue: 52) }
  /// `bpf_sock_map_update`
  @inlinable public static var sockMapUpdate: HelperID { HelperID(rawValue: 53) }
  /// `bpf_xdp_adjust_meta`
  @inlinable public static var xdpAdjustMetadata: HelperID { HelperID(rawValue: 54) }
  /// `bpf_perf_event_read_value`
  @inlinable public static var perfEventReadValue: HelperID { HelperID(rawValue: 55) }
  /// `bpf_perf_prog_read_value`
  @inlinable public static var perfProgramReadValue: HelperID { HelperID(rawValue: 56) }
  /// `bpf_getsockopt`
  @inlinable public static var getSocketOption: HelperID { HelperID(rawValue: 57) }
  /// `bpf_override_return`
  @inlinable public static var overrideReturn: HelperID { HelperID(rawValue: 58) }
  /// `bpf_sock_ops_cb_flags_set`
  @inlinable public static var sockOpsCallbackFlagsSet: HelperID { HelperID(rawValue: 59) }
  /// `bpf_msg_redirect_map`
  @inlinable public static var messageRedirectMap: HelperID { HelperID(rawValue: 60) }
  /// `bpf_msg_apply_bytes`
  @inlinable public static var messageApplyBytes: HelperID { HelperID(rawValue: 61) }
  /// `bpf_msg_cork_bytes`
  @inlinable public static var messageCorkBytes: HelperID { HelperID(rawValue: 62) }
  /// `bpf_msg_pull_data`
  @inlinable public static var messagePullData: HelperID { HelperID(rawValue: 63) }
  /// `bpf_bind`
  @inlinable public static var bind: HelperID { HelperID(rawValue: 64) }
  /// `bpf_xdp_adjust_tail`
  @inlinable public static var xdpAdjustTail: HelperID { HelperID(rawValue: 65) }
  /// `bpf_skb_get_xfrm_state`
  @inlinable public static var skbGetXFRMState: HelperID { HelperID(rawValue: 66) }
  /// `bpf_get_stack`
  @inlinable public static var getStack: HelperID { HelperID(rawValue: 67) }
  /// `bpf_skb_load_bytes_relative`
  @inlinable public static var skbLoadBytesRelative: HelperID { HelperID(rawValue: 68) }
  /// `bpf_fib_lookup`
  @inlinable public static var fibLookup: HelperID { HelperID(rawValue: 69) }
  /// `bpf_sock_hash_update`
  @inlinable public static var sockHashUpdate: HelperID { HelperID(rawValue: 70) }
  /// `bpf_msg_redirect_hash`
  @inlinable public static var messageRedirectHash: HelperID { HelperID(rawValue: 71) }
  /// `bpf_sk_redirect_hash`
  @inlinable public static var socketRedirectHash: HelperID { HelperID(rawValue: 72) }
  /// `bpf_lwt_push_encap`
  @inlinable public static var lwtPushEncapsulation: HelperID { HelperID(rawValue: 73) }
  /// `bpf_lwt_seg6_store_bytes`
  @inlinable public static var lwtSeg6StoreBytes: HelperID { HelperID(rawValue: 74) }
  /// `bpf_lwt_seg6_adjust_srh`
  @inlinable public static var lwtSeg6AdjustSRH: HelperID { HelperID(rawValue: 75) }
  /// `bpf_lwt_seg6_action`
  @inlinable public static var lwtSeg6Action: HelperID { HelperID(rawValue: 76) }
  /// `bpf_rc_repeat`
  @inlinable public static var rcRepeat: HelperID { HelperID(rawValue: 77) }
  /// `bpf_rc_keydown`
  @inlinable public static var rcKeydown: HelperID { HelperID(rawValue: 78) }
  /// `bpf_skb_cgroup_id`
  @inlinable public static var skbCgroupID: HelperID { HelperID(rawValue: 79) }
  /// `bpf_get_current_cgroup_id`
  @inlinable public static var getCurrentCgroupID: HelperID { HelperID(rawValue: 80) }
  /// `bpf_get_local_storage`
  @inlinable public static var getLocalStorage: HelperID { HelperID(rawValue: 81) }
  /// `bpf_sk_select_reuseport`
  @inlinable public static var socketSelectReuseport: HelperID { HelperID(rawValue: 82) }
  /// `bpf_skb_ancestor_cgroup_id`
  @inlinable public static var skbAncestorCgroupID: HelperID { HelperID(rawValue: 83) }
  /// `bpf_sk_lookup_tcp`
  @inlinable public static var socketLookupTCP: HelperID { HelperID(rawValue: 84) }
  /// `bpf_sk_lookup_udp`
  @inlinable public static var socketLookupUDP: HelperID { HelperID(rawValue: 85) }
  /// `bpf_sk_release`
  @inlinable public static var socketRelease: HelperID { HelperID(rawValue: 86) }
  /// `bpf_map_push_elem`
  @inlinable public static var mapPushElement: HelperID { HelperID(rawValue: 87) }
  /// `bpf_map_pop_elem`
  @inlinable public static var mapPopElement: HelperID { HelperID(rawValue: 88) }
  /// `bpf_map_peek_elem`
  @inlinable public static var mapPeekElement: HelperID { HelperID(rawValue: 89) }
  /// `bpf_msg_push_data`
  @inlinable public static var messagePushData: HelperID { HelperID(rawValue: 90) }
  /// `bpf_msg_pop_data`
  @inlinable public static var messagePopData: HelperID { HelperID(rawValue: 91) }
  /// `bpf_rc_pointer_rel`
  @inlinable public static var rcPointerRelative: HelperID { HelperID(rawValue: 92) }
  /// `bpf_spin_lock`
  @inlinable public static var spinLock: HelperID { HelperID(rawValue: 93) }
  /// `bpf_spin_unlock`
  @inlinable public static var spinUnlock: HelperID { HelperID(rawValue: 94) }
  /// `bpf_sk_fullsock`
  @inlinable public static var socketFullsock: HelperID { HelperID(rawValue: 95) }
  /// `bpf_tcp_sock`
  @inlinable public static var tcpSock: HelperID { HelperID(rawValue: 96) }
  /// `bpf_skb_ecn_set_ce`
  @inlinable public static var skbECNSetCE: HelperID { HelperID(rawValue: 97) }
  /// `bpf_get_listener_sock`
  @inlinable public static var getListenerSock: HelperID { HelperID(rawValue: 98) }
  /// `bpf_skc_lookup_tcp`
  @inlinable public static var socketCommonLookupTCP: HelperID { HelperID(rawValue: 99) }
  /// `bpf_tcp_check_syncookie`
  @inlinable public static var tcpCheckSYNCookie: HelperID { HelperID(rawValue: 100) }
  /// `bpf_sysctl_get_name`
  @inlinable public static var sysctlGetName: HelperID { HelperID(rawValue: 101) }
  /// `bpf_sysctl_get_current_value`
  @inlinable public static var sysctlGetCurrentValue: HelperID { HelperID(rawValue: 102) }
  /// `bpf_sysctl_get_new_value`
  @inlinable public static var sysctlGetNewValue: HelperID { HelperID(rawValue: 103) }
  /// `bpf_sysctl_set_new_value`
  @inlinable public static var sysctlSetNewValue: HelperID { HelperID(rawValue: 104) }
  /// `bpf_strtol`
  @inlinable public static var stringToLong: HelperID { HelperID(rawValue: 105) }
  /// `bpf_strtoul`
  @inlinable public static var stringToUnsignedLong: HelperID { HelperID(rawValue: 106) }
  /// `bpf_sk_storage_get`
  @inlinable public static var socketStorageGet: HelperID { HelperID(rawValue: 107) }
  /// `bpf_sk_storage_delete`
  @inlinable public static var socketStorageDelete: HelperID { HelperID(rawValue: 108) }
  /// `bpf_send_signal`
  @inlinable public static var sendSignal: HelperID { HelperID(rawValue: 109) }
  /// `bpf_tcp_gen_syncookie`
  @inlinable public static var tcpGenSYNCookie: HelperID { HelperID(rawValue: 110) }
  /// `bpf_skb_output`
  @inlinable public static var skbOutput: HelperID { HelperID(rawValue: 111) }
  /// `bpf_probe_read_user`
  @inlinable public static var probeReadUser: HelperID { HelperID(rawValue: 112) }
  /// `bpf_probe_read_kernel`
  @inlinable public static var probeReadKernel: HelperID { HelperID(rawValue: 113) }
  /// `bpf_probe_read_user_str`
  @inlinable public static var probeReadUserString: HelperID { HelperID(rawValue: 114) }
  /// `bpf_probe_read_kernel_str`
  @inlinable public static var probeReadKernelString: HelperID { HelperID(rawValue: 115) }
  /// `bpf_tcp_send_ack`
  @inlinable public static var tcpSendAck: HelperID { HelperID(rawValue: 116) }
  /// `bpf_send_signal_thread`
  @inlinable public static var sendSignalThread: HelperID { HelperID(rawValue: 117) }
  /// `bpf_jiffies64`
  @inlinable public static var jiffies64: HelperID { HelperID(rawValue: 118) }
  /// `bpf_read_branch_records`
  @inlinable public static var readBranchRecords: HelperID { HelperID(rawValue: 119) }
  /// `bpf_get_ns_current_pid_tgid`
  @inlinable public static var getNamespaceCurrentPIDTGID: HelperID { HelperID(rawValue: 120) }
  /// `bpf_xdp_output`
  @inlinable public static var xdpOutput: HelperID { HelperID(rawValue: 121) }
  /// `bpf_get_netns_cookie`
  @inlinable public static var getNetNSCookie: HelperID { HelperID(rawValue: 122) }
  /// `bpf_get_current_ancestor_cgroup_id`
  @inlinable public static var getCurrentAncestorCgroupID: HelperID { HelperID(rawValue: 123) }
  /// `bpf_sk_assign`
  @inlinable public static var socketAssign: HelperID { HelperID(rawValue: 124) }
  /// `bpf_ktime_get_boot_ns`
  @inlinable public static var ktimeGetBootNanoseconds: HelperID { HelperID(rawValue: 125) }
  /// `bpf_seq_printf`
  @inlinable public static var seqPrintf: HelperID { HelperID(rawValue: 126) }
  /// `bpf_seq_write`
  @inlinable public static var seqWrite: HelperID { HelperID(rawValue: 127) }
  /// `bpf_sk_cgroup_id`
  @inlinable public static var socketCgroupID: HelperID { HelperID(rawValue: 128) }
  /// `bpf_sk_ancestor_cgroup_id`
  @inlinable public static var socketAncestorCgroupID: HelperID { HelperID(rawValue: 129) }
  /// `bpf_ringbuf_output`
  @inlinable public static var ringBufferOutput: HelperID { HelperID(rawValue: 130) }
  /// `bpf_ringbuf_reserve`
  @inlinable public static var ringBufferReserve: HelperID { HelperID(rawValue: 131) }
  /// `bpf_ringbuf_submit`
  @inlinable public static var ringBufferSubmit: HelperID { HelperID(rawValue: 132) }
  /// `bpf_ringbuf_discard`
  @inlinable public static var ringBufferDiscard: HelperID { HelperID(rawValue: 133) }
  /// `bpf_ringbuf_query`
  @inlinable public static var ringBufferQuery: HelperID { HelperID(rawValue: 134) }
  /// `bpf_csum_level`
  @inlinable public static var checksumLevel: HelperID { HelperID(rawValue: 135) }
  /// `bpf_skc_to_tcp6_sock`
  @inlinable public static var socketCommonToTCP6Sock: HelperID { HelperID(rawValue: 136) }
  /// `bpf_skc_to_tcp_sock`
  @inlinable public static var socketCommonToTCPSock: HelperID { HelperID(rawValue: 137) }
  /// `bpf_skc_to_tcp_timewait_sock`
  @inlinable public static var socketCommonToTCPTimeWaitSock: HelperID { HelperID(rawValue: 138) }
  /// `bpf_skc_to_tcp_request_sock`
  @inlinable public static var socketCommonToTCPRequestSock: HelperID { HelperID(rawValue: 139) }
  /// `bpf_skc_to_udp6_sock`
  @inlinable public static var socketCommonToUDP6Sock: HelperID { HelperID(rawValue: 140) }
  /// `bpf_get_task_stack`
  @inlinable public static var getTaskStack: HelperID { HelperID(rawValue: 141) }
  /// `bpf_load_hdr_opt`
  @inlinable public static var loadHeaderOption: HelperID { HelperID(rawValue: 142) }
  /// `bpf_store_hdr_opt`
  @inlinable public static var storeHeaderOption: HelperID { HelperID(rawValue: 143) }
  /// `bpf_reserve_hdr_opt`
  @inlinable public static var reserveHeaderOption: HelperID { HelperID(rawValue: 144) }
  /// `bpf_inode_storage_get`
  @inlinable public static var inodeStorageGet: HelperID { HelperID(rawValue: 145) }
  /// `bpf_inode_storage_delete`
  @inlinable public static var inodeStorageDelete: HelperID { HelperID(rawValue: 146) }
  /// `bpf_d_path`
  @inlinable public static var dPath: HelperID { HelperID(rawValue: 147) }
  /// `bpf_copy_from_user`
  @inlinable public static var copyFromUser: HelperID { HelperID(rawValue: 148) }
  /// `bpf_snprintf_btf`
  @inlinable public static var snprintfBTF: HelperID { HelperID(rawValue: 149) }
  /// `bpf_seq_printf_btf`
  @inlinable public static var seqPrintfBTF: HelperID { HelperID(rawValue: 150) }
  /// `bpf_skb_cgroup_classid`
  @inlinable public static var skbCgroupClassID: HelperID { HelperID(rawValue: 151) }
  /// `bpf_redirect_neigh`
  @inlinable public static var redirectNeigh: HelperID { HelperID(rawValue: 152) }
  /// `bpf_per_cpu_ptr`
  @inlinable public static var perCPUPointer: HelperID { HelperID(rawValue: 153) }
  /// `bpf_this_cpu_ptr`
  @inlinable public static var thisCPUPointer: HelperID { HelperID(rawValue: 154) }
  /// `bpf_redirect_peer`
  @inlinable public static var redirectPeer: HelperID { HelperID(rawValue: 155) }
  /// `bpf_task_storage_get`
  @inlinable public static var taskStorageGet: HelperID { HelperID(rawValue: 156) }
  /// `bpf_task_storage_delete`
  @inlinable public static var taskStorageDelete: HelperID { HelperID(rawValue: 157) }
  /// `bpf_get_current_task_btf`
  @inlinable public static var getCurrentTaskBTF: HelperID { HelperID(rawValue: 158) }
  /// `bpf_bprm_opts_set`
  @inlinable public static var bprmOptionsSet: HelperID { HelperID(rawValue: 159) }
  /// `bpf_ktime_get_coarse_ns`
  @inlinable public static var ktimeGetCoarseNanoseconds: HelperID { HelperID(rawValue: 160) }
  /// `bpf_ima_inode_hash`
  @inlinable public static var imaInodeHash: HelperID { HelperID(rawValue: 161) }
  /// `bpf_sock_from_file`
  @inlinable public static var sockFromFile: HelperID { HelperID(rawValue: 162) }
  /// `bpf_check_mtu`
  @inlinable public static var checkMTU: HelperID { HelperID(rawValue: 163) }
  /// `bpf_for_each_map_elem`
  @inlinable public static var forEachMapElement: HelperID { HelperID(rawValue: 164) }
  /// `bpf_snprintf`
  @inlinable public static var snprintf: HelperID { HelperID(rawValue: 165) }
  /// `bpf_sys_bpf`
  @inlinable public static var sysBPF: HelperID { HelperID(rawValue: 166) }
  /// `bpf_btf_find_by_name_kind`
  @inlinable public static var btfFindByNameKind: HelperID { HelperID(rawValue: 167) }
  /// `bpf_sys_close`
  @inlinable public static var sysClose: HelperID { HelperID(rawValue: 168) }
  /// `bpf_timer_init`
  @inlinable public static var timerInit: HelperID { HelperID(rawValue: 169) }
  /// `bpf_timer_set_callback`
  @inlinable public static var timerSetCallback: HelperID { HelperID(rawValue: 170) }
  /// `bpf_timer_start`
  @inlinable public static var timerStart: HelperID { HelperID(rawValue: 171) }
  /// `bpf_timer_cancel`
  @inlinable public static var timerCancel: HelperID { HelperID(rawValue: 172) }
  /// `bpf_get_func_ip`
  @inlinable public static var getFunctionIP: HelperID { HelperID(rawValue: 173) }
  /// `bpf_get_attach_cookie`
  @inlinable public static var getAttachCookie: HelperID { HelperID(rawValue: 174) }
  /// `bpf_task_pt_regs`
  @inlinable public static var taskPTRegisters: HelperID { HelperID(rawValue: 175) }
  /// `bpf_get_branch_snapshot`
  @inlinable public static var getBranchSnapshot: HelperID { HelperID(rawValue: 176) }
  /// `bpf_trace_vprintk`
  @inlinable public static var traceVprintk: HelperID { HelperID(rawValue: 177) }
  /// `bpf_skc_to_unix_sock`
  @inlinable public static var socketCommonToUnixSock: HelperID { HelperID(rawValue: 178) }
  /// `bpf_kallsyms_lookup_name`
  @inlinable public static var kallsymsLookupName: HelperID { HelperID(rawValue: 179) }
  /// `bpf_find_vma`
  @inlinable public static var findVMA: HelperID { HelperID(rawValue: 180) }
  /// `bpf_loop`
  @inlinable public static var loop: HelperID { HelperID(rawValue: 181) }
  /// `bpf_strncmp`
  @inlinable public static var stringCompare: HelperID { HelperID(rawValue: 182) }
  /// `bpf_get_func_arg`
  @inlinable public static var getFunctionArgument: HelperID { HelperID(rawValue: 183) }
  /// `bpf_get_func_ret`
  @inlinable public static var getFunctionReturn: HelperID { HelperID(rawValue: 184) }
  /// `bpf_get_func_arg_cnt`
  @inlinable public static var getFunctionArgumentCount: HelperID { HelperID(rawValue: 185) }
  /// `bpf_get_retval`
  @inlinable public static var getReturnValue: HelperID { HelperID(rawValue: 186) }
  /// `bpf_set_retval`
  @inlinable public static var setReturnValue: HelperID { HelperID(rawValue: 187) }
  /// `bpf_xdp_get_buff_len`
  @inlinable public static var xdpGetBufferLength: HelperID { HelperID(rawValue: 188) }
  /// `bpf_xdp_load_bytes`
  @inlinable public static var xdpLoadBytes: HelperID { HelperID(rawValue: 189) }
  /// `bpf_xdp_store_bytes`
  @inlinable public static var xdpStoreBytes: HelperID { HelperID(rawValue: 190) }
  /// `bpf_copy_from_user_task`
  @inlinable public static var copyFromUserTask: HelperID { HelperID(rawValue: 191) }
  /// `bpf_skb_set_tstamp`
  @inlinable public static var skbSetTimestamp: HelperID { HelperID(rawValue: 192) }
  /// `bpf_ima_file_hash`
  @inlinable public static var imaFileHash: HelperID { HelperID(rawValue: 193) }
  /// `bpf_kptr_xchg`
  @inlinable public static var kernelPointerExchange: HelperID { HelperID(rawValue: 194) }
  /// `bpf_map_lookup_percpu_elem`
  @inlinable public static var mapLookupPerCPUElement: HelperID { HelperID(rawValue: 195) }
  /// `bpf_skc_to_mptcp_sock`
  @inlinable public static var socketCommonToMPTCPSock: HelperID { HelperID(rawValue: 196) }
  /// `bpf_dynptr_from_mem`
  @inlinable public static var dynptrFromMemory: HelperID { HelperID(rawValue: 197) }
  /// `bpf_ringbuf_reserve_dynptr`
  @inlinable public static var ringBufferReserveDynptr: HelperID { HelperID(rawValue: 198) }
  /// `bpf_ringbuf_submit_dynptr`
  @inlinable public static var ringBufferSubmitDynptr: HelperID { HelperID(rawValue: 199) }
  /// `bpf_ringbuf_discard_dynptr`
  @inlinable public static var ringBufferDiscardDynptr: HelperID { HelperID(rawValue: 200) }
  /// `bpf_dynptr_read`
  @inlinable public static var dynptrRead: HelperID { HelperID(rawValue: 201) }
  /// `bpf_dynptr_write`
  @inlinable public static var dynptrWrite: HelperID { HelperID(rawValue: 202) }
  /// `bpf_dynptr_data`
  @inlinable public static var dynptrData: HelperID { HelperID(rawValue: 203) }
  /// `bpf_tcp_raw_gen_syncookie_ipv4`
  @inlinable public static var tcpRawGenSYNCookieIPv4: HelperID { HelperID(rawValue: 204) }
  /// `bpf_tcp_raw_gen_syncookie_ipv6`
  @inlinable public static var tcpRawGenSYNCookieIPv6: HelperID { HelperID(rawValue: 205) }
  /// `bpf_tcp_raw_check_syncookie_ipv4`
  @inlinable public static var tcpRawCheckSYNCookieIPv4: HelperID { HelperID(rawValue: 206) }
  /// `bpf_tcp_raw_check_syncookie_ipv6`
  @inlinable public static var tcpRawCheckSYNCookieIPv6: HelperID { HelperID(rawValue: 207) }
  /// `bpf_ktime_get_tai_ns`
  @inlinable public static var ktimeGetTAINanoseconds: HelperID { HelperID(rawValue: 208) }
  /// `bpf_user_ringbuf_drain`
  @inlinable public static var userRingBufferDrain: HelperID { HelperID(rawValue: 209) }
  /// `bpf_cgrp_storage_get`
  @inlinable public static var cgroupStorageGet: HelperID { HelperID(rawValue: 210) }
  /// `bpf_cgrp_storage_delete`
  @inlinable public static var cgroupStorageDelete: HelperID { HelperID(rawValue: 211) }
}
