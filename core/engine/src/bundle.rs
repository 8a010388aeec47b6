//! The bundle that this sandbox keeps: an evaluated ES module, of which only two functions are held.
use crate::answer::Failure;
use crate::limits;
use javy_plugin_api::javy::quickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Error, Function, Module, Persistent, Value, function::IntoArgs, module::WriteOptions,
};
use javy_plugin_api::javy::val_to_string;
use std::cell::RefCell;
use std::thread::LocalKey;

type Kept = Persistent<Function<'static>>;

thread_local! {
    static CONTEXT: RefCell<Option<Context>> = const { RefCell::new(None) };
    static DECIDE: RefCell<Option<Kept>> = const { RefCell::new(None) };
    static MAIN: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

pub fn set_context(context: Context) {
    CONTEXT.set(Some(context));
}

/// Bytecode of an ES module, without its text: what is kept of a bundle is copied for every decision.
pub fn compile(source: Vec<u8>) -> Result<Vec<u8>, Failure> {
    with_context(|js| {
        let options = WriteOptions { strip_source: true, ..WriteOptions::default() };
        let compiled = Module::declare(js.clone(), "core.mjs", source).and_then(|module| module.write(options));
        compiled.catch(js).map_err(|caught| Failure::exception(describe(js, caught)))
    })
}

/// Evaluates the module and keeps `decide` and, where there is one, `main`.
///
/// # Safety
/// QuickJS does not check bytecode: it must come from `compile` of this very engine.
pub unsafe fn load(bytecode: &[u8]) -> Result<(), Failure> {
    with_context(|js| {
        let evaluated = (|| {
            let (module, promise) = unsafe { Module::load(js.clone(), bytecode)? }.eval()?;
            promise.finish::<()>()?;
            let decide: Function = module.get("decide")?;
            let main: Option<Function> = module.get("main").ok();
            DECIDE.set(Some(Persistent::save(js, decide)));
            MAIN.set(main.map(|main| Persistent::save(js, main)));
            Ok(())
        })();
        let loaded = evaluated.catch(js).map_err(|caught| Failure::exception(describe(js, caught)));
        js.run_gc();
        loaded
    })
}

/// Calls `decide` with the UTF-8 text and copies what it returns.
pub fn decide(input: &[u8]) -> Result<Vec<u8>, Failure> {
    let text = std::str::from_utf8(input).map_err(|e| Failure::exception(format!("the input is not UTF-8: {e}")))?;
    call(&DECIDE, "decide", (text,), |result| {
        let type_name = result.type_name();
        let Some(text) = result.into_string() else {
            return Ok(Err(Failure::no_text(type_name)));
        };
        let text = text.to_cstring()?;
        Ok(Ok(unsafe { std::slice::from_raw_parts(text.as_ptr().cast::<u8>(), text.len()) }.to_vec()))
    })?
}

/// Calls `main`.
pub fn main() -> Result<(), Failure> {
    call(&MAIN, "main", (), |_| Ok(()))
}

fn call<A, R>(
    kept: &'static LocalKey<RefCell<Option<Kept>>>,
    name: &str,
    args: A,
    read: impl for<'js> FnOnce(Value<'js>) -> Result<R, Error>,
) -> Result<R, Failure>
where
    A: for<'js> IntoArgs<'js>,
{
    let Some(function) = kept.with_borrow(Clone::clone) else {
        return Err(Failure::exception(format!("the bundle has no export `{name}`, or none is loaded")));
    };
    with_context(|js| {
        let returned = function.restore(js).and_then(|function| function.call::<_, Value>(args));
        // What follows is Rust's: its allocations can't be refused without ending the sandbox.
        limits::lift_memory();
        returned.and_then(read).catch(js).map_err(|caught| Failure::exception(describe(js, caught)))
    })
}

fn with_context<R>(work: impl FnOnce(&Ctx) -> R) -> R {
    let context = CONTEXT.with_borrow(Clone::clone).expect("initialize-runtime was called before");
    context.with(|js| work(&js))
}

/// `TypeError: text` and the stack where it is an Error; else what was thrown, as a string.
fn describe<'js>(js: &Ctx<'js>, caught: CaughtError<'js>) -> String {
    match caught {
        CaughtError::Exception(exception) => {
            let name: String = exception.as_object().get("name").unwrap_or_default();
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            format!("{name}: {message}\n{stack}").trim_end().to_owned()
        }
        CaughtError::Value(value) => {
            let text = val_to_string(js, value).unwrap_or_else(|_| "a value that has no text".into());
            format!("{text} was thrown, which is no Error")
        }
        CaughtError::Error(error) => error.to_string(),
    }
}
