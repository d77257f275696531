# Twin of reject/d5-moffs-in-the-window.s, without the fault.
function f
        .byte 0x65,0x67,0x8b,0x04,0x25,0,0,0,0
        ret
end f
