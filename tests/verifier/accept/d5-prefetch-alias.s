# Twin of reject/d5-prefetch-alias.s, without the fault.
function f
        .byte 0x65,0x67,0x0f,0x0d,0x08
        ret
end f
