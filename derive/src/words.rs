//! Better messages for the types that people try although they are not map values.
//!
//! A type that its syntax rules out (a reference, a tuple) is refused here. A named type is judged
//! by its trait: its spelling only chooses the text that rustc prints if the trait is missing
//! (`refused` in the crate `mapvalue`).

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, GenericArgument, Ident, PathArguments, PathSegment, Type, TypePath};

use crate::bounds::{innermost, last_segment};

/// Returns the error for a type that cannot be a value, whatever its names mean.
pub(crate) fn refuse_syntax(ty: &Type) -> Option<Error> {
    let words = match innermost(ty) {
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) => {
            "a pointer is an address in this process, which means nothing to a BPF program: store the data itself, an id, an \
             offset into the map, an `ArenaPtr<T>` into an arena, or a `Kptr<T, Kernel>` that only BPF follows"
        }
        Type::TraitObject(_) | Type::ImplTrait(_) | Type::Slice(_) => {
            "the size of this type is not fixed: write the data in place, as a struct or as an array `[T; N]`"
        }
        Type::Tuple(_) => "tuples have no fixed layout: write a struct with #[repr(C)] and #[derive(MapValue)]",
        Type::Never(_) => "this type has no values: no map can hold one",
        Type::Path(TypePath { qself: None, path, .. }) if path.is_ident("str") => {
            "the size of `str` is not fixed: write `[u8; N]`"
        }
        _ => return None,
    };
    Some(Error::new_spanned(innermost(ty), words))
}

/// Returns whether a type that `refuse_syntax` refuses has a size, as a field needs.
pub(crate) fn is_sized(ty: &Type) -> bool {
    match innermost(ty) {
        Type::TraitObject(_) | Type::Slice(_) => false,
        Type::Path(TypePath { qself: None, path, .. }) => !path.is_ident("str"),
        _ => true,
    }
}

/// Returns the assertion that a field's type is a value, placed on the part of it that is at fault.
pub(crate) fn assert_value(ty: &Type) -> TokenStream {
    let subject = innermost(ty);
    assertion(named_reason(subject).unwrap_or("value"), subject)
}

/// Returns the assertion that a union's field is a `Plain` value.
pub(crate) fn assert_union_field(ty: &Type) -> TokenStream {
    if named_reason(innermost(ty)).is_some() { assert_value(ty) } else { assertion("union_field", ty) }
}

fn assertion(name: &str, ty: &Type) -> TokenStream {
    // These are not placed in the user's code, or rustc would offer to borrow there.
    let (root, name) = (quote!(__mv), Ident::new(name, Span::call_site()));
    quote_spanned!(ty.span()=> #root::refused::#name::<#ty>();)
}

/// Returns the reason that fits a type, by the last name in its path.
fn named_reason(ty: &Type) -> Option<&'static str> {
    last_segment(ty).and_then(reason)
}

/// Returns the reason that fits a type of this name.
fn reason(name: &PathSegment) -> Option<&'static str> {
    Some(match name.ident.to_string().as_str() {
        "usize" | "isize" | "Usize" | "Isize" | "AtomicUsize" | "AtomicIsize" | "NonZeroUsize" | "NonZeroIsize"
        | "c_long" | "c_ulong" => "fixed_width",
        "u128" | "i128" | "NonZeroU128" | "NonZeroI128" | "U128" | "I128" => "single_access",
        "Box" | "NonNull" | "AtomicPtr" | "Pin" | "Weak" | "OwnedFd" | "BorrowedFd" | "RawFd" => "pointer_free",
        "Option" | "Wrapping" | "Saturating" if held(name) == Some("fixed_width") => "fixed_width",
        "Wrapping" | "Saturating" => held(name).filter(|why| *why == "single_access")?,
        "Option" => match held(name) {
            Some(why @ ("pointer_free" | "inline_data" | "fixed_time" | "fixed_address")) => why,
            _ => "one_leaf",
        },
        "String" | "Vec" | "CString" | "OsString" | "PathBuf" | "Rc" | "Arc" | "Cow" | "VecDeque" | "HashMap"
        | "HashSet" | "BTreeMap" | "BTreeSet" | "BinaryHeap" => "inline_data",
        "char" => "any_number",
        "NonZero" | "NonZeroU8" | "NonZeroU16" | "NonZeroU32" | "NonZeroU64" | "NonZeroI8" | "NonZeroI16"
        | "NonZeroI32" | "NonZeroI64" => "zero_is_valid",
        "AtomicBool" => "any_byte",
        "Cell" | "UnsafeCell" | "RefCell" | "OnceCell" | "Mutex" | "RwLock" | "OnceLock" | "LazyLock" | "LazyCell" => {
            "uncelled"
        }
        "MaybeUninit" => "initialised",
        "Duration" | "Instant" | "SystemTime" => "fixed_time",
        "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "SocketAddrV4" | "SocketAddrV6" => "fixed_address",
        _ => return None,
    })
}

/// Returns the reason for which the argument of an `Option` or `Wrapping` is refused.
fn held(outer: &PathSegment) -> Option<&'static str> {
    let PathArguments::AngleBracketed(arguments) = &outer.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => match innermost(ty) {
            Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) => Some("pointer_free"),
            ty => named_reason(ty),
        },
        _ => None,
    })
}
