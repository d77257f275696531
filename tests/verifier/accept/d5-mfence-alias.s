# Twin of reject/d5-mfence-alias.s, without the fault.
function f
        .byte 0x0f,0xae,0xf0
        ret
end f
