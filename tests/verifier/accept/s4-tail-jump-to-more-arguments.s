# Twin of reject/s4-tail-jump-to-more-arguments.s, without the fault.
function f 16
bad:    jmp g
end f
function g 16
        ret
end g
