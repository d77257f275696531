# Twin of reject/m3-eip-relative.s, without the fault.
function f
        .byte 0x65,0x67,0x8b,0x0c,0x25,0,0,0,0
        ret
end f
