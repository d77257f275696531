# Twin of reject/d4-sib-scale-without-index.s, without the fault.
function f
        .byte 0x65,0x67,0x8b,0x0c,0x48
        ret
end f
