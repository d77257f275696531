# Twin of reject/d3-xrelease-store.s, without the fault.
function f
        .byte 0x65,0x67,0x89,0x08
        ret
end f
