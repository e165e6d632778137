//! Better words for the types that people try and that are no map values.
//!
//! What a type is by syntax alone (a reference, a tuple) is refused here. A named type is judged by its trait; its spelling
//! only chooses the text that rustc prints should the trait be missing (`refused` in the crate `mapvalue`).

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Error, GenericArgument, Ident, Path, PathArguments, PathSegment, Type, TypePath};

/// The error for a type that cannot be a value whatever its names mean.
pub(crate) fn refuse_syntax(ty: &Type) -> Option<Error> {
    let words = match innermost(ty) {
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) => {
            "a pointer is an address in this process, which means nothing to a BPF program: store the data itself, an id, or an \
             offset into the map"
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

/// The assertion that a field's type is a value, on the part of it that the words are about.
pub(crate) fn assert_value(ty: &Type, krate: &Path) -> TokenStream {
    let innermost = innermost(ty);
    let named = match innermost {
        Type::Path(TypePath { path, .. }) => path.segments.last().and_then(reason),
        _ => None,
    };
    let (reason, subject) = named.map_or(("value", ty), |reason| (reason, innermost));
    let reason = Ident::new(reason, Span::call_site());
    quote_spanned!(subject.span()=> #krate::__private::refused::#reason::<#subject>();)
}

/// The assertion that a union's field is a value, and a `Plain` one.
pub(crate) fn assert_union_field(ty: &Type, krate: &Path) -> TokenStream {
    match innermost(ty) {
        Type::Path(TypePath { path, .. }) if path.segments.last().and_then(reason).is_some() => assert_value(ty, krate),
        _ => quote_spanned!(ty.span()=> #krate::__private::refused::union_field::<#ty>();),
    }
}

/// The element type of an array (of arrays); the type itself otherwise.
fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::Array(array) => innermost(&array.elem),
        Type::Group(group) => innermost(&group.elem),
        Type::Paren(paren) => innermost(&paren.elem),
        ty => ty,
    }
}

/// Which words fit a type of this name.
fn reason(name: &PathSegment) -> Option<&'static str> {
    Some(match name.ident.to_string().as_str() {
        "usize" | "isize" | "AtomicUsize" | "AtomicIsize" | "NonZeroUsize" | "NonZeroIsize" | "c_long" | "c_ulong" => {
            "fixed_width"
        }
        "u128" | "i128" | "NonZeroU128" | "NonZeroI128" | "U128" | "I128" => "single_access",
        "Box" | "NonNull" | "AtomicPtr" => "pointer_free",
        "Option" if holds_pointer(name) => "pointer_free",
        "Option" => "one_leaf",
        "String" | "Vec" | "CString" | "OsString" | "PathBuf" | "Rc" | "Arc" | "Cow" | "VecDeque" | "HashMap"
        | "HashSet" | "BTreeMap" | "BTreeSet" | "BinaryHeap" => "inline_data",
        "char" => "any_number",
        "NonZero" | "NonZeroU8" | "NonZeroU16" | "NonZeroU32" | "NonZeroU64" | "NonZeroI8" | "NonZeroI16"
        | "NonZeroI32" | "NonZeroI64" => "zero_is_valid",
        "AtomicBool" => "any_byte",
        "Cell" | "UnsafeCell" | "RefCell" | "OnceCell" | "Mutex" | "RwLock" | "OnceLock" => "uncelled",
        "MaybeUninit" => "initialised",
        "Duration" | "Instant" | "SystemTime" => "fixed_time",
        "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "SocketAddrV4" | "SocketAddrV6" => "fixed_address",
        _ => return None,
    })
}

/// Whether the argument of an `Option` is a pointer.
fn holds_pointer(option: &PathSegment) -> bool {
    let PathArguments::AngleBracketed(arguments) = &option.arguments else { return false };
    arguments.args.iter().any(|argument| match argument {
        GenericArgument::Type(ty) => match innermost(ty) {
            Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) => true,
            Type::Path(TypePath { path, .. }) => path.segments.last().and_then(reason) == Some("pointer_free"),
            _ => false,
        },
        _ => false,
    })
}
