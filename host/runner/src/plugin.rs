//! What a VM is started with.

/// What a VM is started with: the filter's configuration and names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plugin {
    /// Name, for logs and the property `plugin_name`.
    pub name: String,
    /// Which of a module's root contexts it is; most have one and ignore this.
    pub root_id: String,
    /// VMs of one id share data and queues.
    pub vm_id: String,
    /// The VM's configuration, as the module takes it.
    pub vm_configuration: Vec<u8>,
    /// The plugin's configuration, as the module takes it.
    pub configuration: Vec<u8>,
    /// HTTP: a filter that stops a head is shown the body all the same (Envoy's `allow_on_headers_stop_iteration`).
    pub body_of_stopped_head: bool,
    /// Environment variables that the module sees.
    pub environment: Vec<(String, String)>,
}
