# Twin of reject/m7-jump-through-the-stack.s, without the fault.
function f 8
        ret
end f
