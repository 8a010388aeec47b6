//! How the JavaScript runtime is set up.
use crate::{bundle, limits};
use javy_plugin_api::Config;
use javy_plugin_api::javy::Runtime;

/// Bytes of garbage before the cycle collector runs. High, because each decision starts from clean memory and reference counts free most of it.
const GC_THRESHOLD_BYTES: usize = 16 << 20;

/// `Javy.IO` and text encoding for `javy/fs`; `console.log` goes to stderr, because stdout is the decision's.
pub fn config() -> Config {
    let mut config = Config::default();
    config.text_encoding(true).javy_stream_io(true).redirect_stdout_to_stderr(true).gc_threshold(GC_THRESHOLD_BYTES);
    config
}

pub fn prepare(runtime: Runtime) -> Runtime {
    let context = runtime.context().clone();
    context.runtime().set_interrupt_handler(Some(Box::new(limits::burn)));
    context.with(|js| {
        js.eval::<(), _>(include_str!("no-code-from-strings.js")).expect("the prelude runs");
    });
    bundle::set_context(context);
    runtime
}
